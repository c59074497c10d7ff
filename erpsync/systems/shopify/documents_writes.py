"""The documents that change something. See `documents`, and `client` for what may be sent twice."""

WRITES = {
    "WriteBack": """
mutation WriteBack($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) { userErrors { field code elementIndex } }
}
""",
    "AddTags": """
mutation AddTags($id: ID!, $tags: [String!]!) { tagsAdd(id: $id, tags: $tags) { userErrors { field } } }
""",
    "RemoveTags": """
mutation RemoveTags($id: ID!, $tags: [String!]!) { tagsRemove(id: $id, tags: $tags) { userErrors { field } } }
""",
    "Subscribe": """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) { userErrors { field } }
}
""",
    "Resubscribe": """
mutation Resubscribe($id: ID!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $subscription) { userErrors { field } }
}
""",
    "Unsubscribe": """
mutation Unsubscribe($id: ID!) { webhookSubscriptionDelete(id: $id) { userErrors { field } } }
""",
    "Fulfil": """
mutation Fulfil($fulfilment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfilment) { fulfillment { id name } userErrors { field } }
}
""",
    "SetStock": """
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { field code } }
}
""",
    "StockAt": """
mutation StockAt($item: ID!, $location: ID!, $available: Int, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available) @idempotent(key: $key) {
    userErrors { field }
  }
}
""",
    "SetPrices": """
mutation SetPrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    userErrors { field code }
  }
}
""",
    "FixPrices": """
mutation FixPrices($list: ID!, $prices: [PriceListPriceInput!]!) {
  priceListFixedPricesAdd(priceListId: $list, prices: $prices) { userErrors { field code } }
}
""",
    "RunInBulk": """
mutation RunInBulk($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) { bulkOperation { id } userErrors { code } }
}
""",
}
