"""SAP, over the two protocols that it speaks: OData (S/4HANA) and SOAP (ECC and S/4HANA on premise)."""
