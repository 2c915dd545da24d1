"""The columns of Shopify's three export files, under their classic names; later exports call some of them otherwise.

Source: Shopify's help pages on exporting products, orders and customers, and the header lines of such files.
"""

PRODUCTS = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value",
    "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value", "Variant SKU", "Variant Grams",
    "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy", "Variant Price",
    "Variant Compare At Price", "Variant Barcode", "Image Src", "Image Position", "Image Alt Text", "SEO Title",
    "SEO Description", "Variant Image", "Cost per item", "Status",
)
CUSTOMERS = (
    "First Name", "Last Name", "Email", "Phone", "Accepts Email Marketing", "Default Address Country Code",
)
ORDERS = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Currency", "Subtotal",
    "Shipping", "Taxes", "Total", "Discount Code", "Shipping Method", "Created at", "Lineitem quantity",
    "Lineitem name", "Lineitem price", "Lineitem sku", "Lineitem discount", "Billing Name", "Billing Street",
    "Billing City", "Billing Zip", "Billing Province", "Billing Country", "Billing Phone", "Shipping Name",
    "Shipping Street", "Shipping City", "Shipping Zip", "Shipping Province", "Shipping Country", "Shipping Phone",
    "Notes", "Cancelled at", "Payment Method", "Refunded Amount", "Id",
)
# Without these a file is no such export, or nothing can be made of it.
REQUIRED = {
    "products": ("Handle", "Title", "Variant Price"),
    "customers": ("First Name", "Last Name", "Email"),
    "orders": ("Name", "Currency", "Subtotal", "Total", "Created at", "Lineitem quantity", "Lineitem name",
               "Lineitem price"),
}
KNOWN = {"products": PRODUCTS, "customers": CUSTOMERS, "orders": ORDERS}
# Name in a later export → classic name.
ALIASES = {
    "URL handle": "Handle", "Description": "Body (HTML)", "Product type": "Type",
    "Published on online store": "Published", "Option1 name": "Option1 Name", "Option1 value": "Option1 Value",
    "Option2 name": "Option2 Name", "Option2 value": "Option2 Value", "Option3 name": "Option3 Name",
    "Option3 value": "Option3 Value", "SKU": "Variant SKU", "Weight value (grams)": "Variant Grams",
    "Inventory tracker": "Variant Inventory Tracker", "Inventory quantity": "Variant Inventory Qty",
    "Continue selling when out of stock": "Variant Inventory Policy", "Price": "Variant Price",
    "Compare-at price": "Variant Compare At Price", "Barcode": "Variant Barcode", "Product image URL": "Image Src",
    "Image position": "Image Position", "Image alt text": "Image Alt Text", "SEO title": "SEO Title",
    "SEO description": "SEO Description", "Variant image URL": "Variant Image",
    "Accepts Marketing": "Accepts Email Marketing", "Country Code": "Default Address Country Code",
    "Shipping Address1": "Shipping Street", "Billing Address1": "Billing Street",
    "Lineitem Discount": "Lineitem discount",
}
