"""The documents that read anything but the contents of orders. See `documents`."""

# A store has up to 200 locations, or 1,000: https://help.shopify.com/en/manual/locations. More are paged.
MORE_LEVELS = 50

_LEVELS = """
  nodes { location { id } quantities(names: ["available"]) { quantity } }
  pageInfo { hasNextPage endCursor }"""

_VARIANT = """
  id sku displayName price compareAtPrice updatedAt
  product { id status }"""

_FULFILMENT_ORDER = """
fragment fulfilmentOrder on FulfillmentOrder {
  id status
  assignedLocation { location { id isFulfillmentService } }
  deliveryMethod { methodType }
  supportedActions { action }
  fulfillmentHolds { reason }
  lineItems(first: 20) {
    nodes { id remainingQuantity lineItem { id sku } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

BULK_VARIANTS = f"""{{
  productVariants {{
    edges {{
      node {{ {_VARIANT}
        inventoryItem {{
          id tracked
          inventoryLevels {{
            edges {{ node {{ id location {{ id }} quantities(names: ["available"]) {{ quantity }} }} }}
          }}
        }}
      }}
    }}
  }}
}}"""
"""What a bulk operation is given to run. It has no pages, and its lists are asked for by edges
(https://shopify.dev/docs/api/usage/bulk-operations/queries)."""

READS = {
    "OrdersListed": """
query OrdersListed($first: Int!, $after: String, $query: String, $sort: OrderSortKeys!) {
  orders(first: $first, after: $after, query: $query, sortKey: $sort) {
    nodes { id name createdAt updatedAt }
    pageInfo { hasNextPage endCursor }
  }
}
""",
    "CustomersListed": """
query CustomersListed($first: Int!, $query: String) {
  customers(first: $first, query: $query, sortKey: ID) {
    nodes {
      id first_name: firstName last_name: lastName tags updated_at: updatedAt
      default_email: defaultEmailAddress { email: emailAddress }
      default_phone: defaultPhoneNumber { phone: phoneNumber }
      default_address: defaultAddress {
        first_name: firstName last_name: lastName company address1 address2 city province
        province_code: provinceCode zip country_code: countryCodeV2 phone
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
""",
    "VariantsListed": f"""
query VariantsListed($first: Int!, $query: String, $levels: Int!) {{
  productVariants(first: $first, query: $query, sortKey: ID) {{
    nodes {{ {_VARIANT}
      inventoryItem {{ id tracked inventoryLevels(first: $levels) {{ {_LEVELS} }} }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""",
    "VariantsBySku": f"""
query VariantsBySku($first: Int!, $after: String, $query: String!) {{
  productVariants(first: $first, after: $after, query: $query, sortKey: ID) {{
    nodes {{ {_VARIANT}
      inventoryItem {{ id tracked }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""",
    "MoreLevels": f"""
query MoreLevels($id: ID!, $after: String!) {{
  node(id: $id) {{
    ... on InventoryItem {{ inventoryLevels(first: {MORE_LEVELS}, after: $after) {{ {_LEVELS} }} }}
  }}
}}
""",
    "LevelsAt": """
query LevelsAt($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on InventoryItem {
      id tracked
      inventoryLevel(locationId: $location) { isActive quantities(names: ["available"]) { quantity } }
    }
  }
}
""",
    "CatalogueSize": "query CatalogueSize { productVariantsCount { count } }",
    "Places": """
query Places($after: String) {
  locations(first: 100, after: $after) {
    nodes { id name isActive isFulfillmentService }
    pageInfo { hasNextPage endCursor }
  }
}
""",
    "PriceLists": """
query PriceLists($after: String) {
  priceLists(first: 100, after: $after) { nodes { id name currency } pageInfo { hasNextPage endCursor } }
}
""",
    "FixedPrices": """
query FixedPrices($id: ID!, $first: Int!, $query: String!) {
  priceList(id: $id) {
    prices(first: $first, originType: FIXED, query: $query) {
      nodes { price { amount } compareAtPrice { amount } variant { id } }
    }
  }
}
""",
    "Subscriptions": """
query Subscriptions($topics: [WebhookSubscriptionTopic!], $after: String) {
  webhookSubscriptions(first: 100, after: $after, topics: $topics) {
    nodes { id topic uri includeFields format filter }
    pageInfo { hasNextPage endCursor }
  }
}
""",
    "TagsOf": """
query TagsOf($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { id tags } } }
""",
    "Shipping": _FULFILMENT_ORDER
    + """
query Shipping($id: ID!, $namespace: String!) {
  node(id: $id) {
    ... on Order {
      id
      metafields(first: 100, namespace: $namespace) { nodes { key value } pageInfo { hasNextPage endCursor } }
      fulfillments {
        id name status
        trackingInfo { number }
        fulfillmentLineItems(first: 20) {
          nodes { quantity lineItem { id sku } }
          pageInfo { hasNextPage endCursor }
        }
      }
      fulfillmentOrders(first: 5) {
        nodes { ...fulfilmentOrder }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
""",
    "MoreFulfilmentOrders": _FULFILMENT_ORDER
    + """
query MoreFulfilmentOrders($id: ID!, $after: String!) {
  node(id: $id) {
    ... on Order {
      items: fulfillmentOrders(first: 5, after: $after) {
        nodes { ...fulfilmentOrder }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
""",
    "MoreToShip": """
query MoreToShip($id: ID!, $after: String!) {
  node(id: $id) {
    ... on FulfillmentOrder {
      items: lineItems(first: 100, after: $after) {
        nodes { id remainingQuantity lineItem { id sku } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
""",
    "MoreShipped": """
query MoreShipped($id: ID!, $after: String!) {
  node(id: $id) {
    ... on Fulfillment {
      items: fulfillmentLineItems(first: 100, after: $after) {
        nodes { quantity lineItem { id sku } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
""",
    "MoreMetafields": """
query MoreMetafields($id: ID!, $after: String!, $namespace: String!) {
  node(id: $id) {
    ... on Order {
      items: metafields(first: 100, after: $after, namespace: $namespace) {
        nodes { key value }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
""",
    "BulkResult": """
query BulkResult($id: ID!) { bulkOperation(id: $id) { id status errorCode url } }
""",
}
