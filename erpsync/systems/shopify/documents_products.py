"""The documents that read and change products. See `documents`, and `products` for why these and no others."""

# Most products have few variants; more are paged.
_FIRST_VARIANTS = 10
_MORE_VARIANTS = 100

_VARIANT = """
      id sku barcode price
      selectedOptions { name value }
      inventoryItem { measurement { weight { unit value } } }"""

_PRODUCT = f"""
fragment product on Product {{
  id title status descriptionHtml
  options {{ id name }}
  variants(first: {_FIRST_VARIANTS}) {{
    nodes {{ {_VARIANT} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
  collections(first: 20) {{ nodes {{ id title }} }}
  metafield(namespace: $namespace, key: $key) {{ value }}
}}
"""

READS = {
    "Products": _PRODUCT
    + """
query Products($ids: [ID!]!, $namespace: String!, $key: String!) {
  nodes(ids: $ids) { ...product }
}
""",
    "MoreVariants": f"""
query MoreVariants($id: ID!, $after: String!) {{
  node(id: $id) {{
    ... on Product {{
      items: variants(first: {_MORE_VARIANTS}, after: $after) {{
        nodes {{ {_VARIANT} }}
        pageInfo {{ hasNextPage endCursor }}
      }}
    }}
  }}
}}
""",
    "CollectionsByTitle": """
query CollectionsByTitle($query: String!) { collections(first: 20, query: $query) { nodes { id title } } }
""",
    "CollectionByHandle": """
query CollectionByHandle($handle: String!) { collectionByIdentifier(identifier: { handle: $handle }) { id title } }
""",
    "SalesChannels": """
query SalesChannels($after: String) {
  publications(first: 50, after: $after, catalogType: APP) {
    nodes { id channels(first: 5) { nodes { name } } }
    pageInfo { hasNextPage endCursor }
  }
}
""",
    "Images": """
query Images($ids: [ID!]!) { nodes(ids: $ids) { ... on MediaImage { id status mediaErrors { code } } } }
""",
}

WRITES = {
    "MakeProduct": _PRODUCT
    + """
mutation MakeProduct($product: ProductSetInput!, $namespace: String!, $key: String!) {
  productSet(input: $product, synchronous: true) { product { ...product } userErrors { field code message } }
}
""",
    "ChangeProduct": """
mutation ChangeProduct($product: ProductUpdateInput!, $media: [CreateMediaInput!], $made: Int!) {
  productUpdate(product: $product, media: $media) {
    product { media(first: $made, sortKey: POSITION, reverse: true) { nodes { id } } }
    userErrors { field message }
  }
}
""",
    "AddOptions": """
mutation AddOptions($product: ID!, $options: [OptionCreateInput!]!) {
  productOptionsCreate(productId: $product, options: $options, variantStrategy: LEAVE_AS_IS) {
    userErrors { field code message }
  }
}
""",
    "RenameOption": """
mutation RenameOption($product: ID!, $option: OptionUpdateInput!) {
  productOptionUpdate(productId: $product, option: $option) { userErrors { field code message } }
}
""",
    "ChangeVariants": """
mutation ChangeVariants($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants) { userErrors { field code message } }
}
""",
    "AddVariants": """
mutation AddVariants($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkCreate(productId: $product, variants: $variants, strategy: PRESERVE_STANDALONE_VARIANT) {
    productVariants { id sku }
    userErrors { field code message }
  }
}
""",
    "MakeCollection": """
mutation MakeCollection($collection: CollectionCreateInput!) {
  collectionCreate(collection: $collection) { collection { id } userErrors { field message } }
}
""",
    "Publish": """
mutation Publish($id: ID!, $where: [PublicationInput!]!) {
  publishablePublish(id: $id, input: $where) { userErrors { field message } }
}
""",
    "Unpublish": """
mutation Unpublish($id: ID!, $where: [PublicationInput!]!) {
  publishableUnpublish(id: $id, input: $where) { userErrors { field message } }
}
""",
    "DetachImages": """
mutation DetachImages($files: [FileUpdateInput!]!) {
  fileUpdate(files: $files) { userErrors { field code message } }
}
""",
    "DeleteImages": """
mutation DeleteImages($ids: [ID!]!) { fileDelete(fileIds: $ids) { userErrors { field code message } } }
""",
}
