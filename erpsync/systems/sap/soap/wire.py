"""The wrapper's structures and functions as the web service spells them; `abap/zerpsync_dictionary.abap` defines them.

Character fields are Cn, digits Nn, dates D, packed numbers Pn.d, integers I. An initial value is never left out: the
WSDL that SAP generates makes every field of a row mandatory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, object]
"""A row to be sent: every field of its structure, as the web service wants it."""

ReadRow: TypeAlias = Mapping[str, Any]
"""A row as it was answered: CHAR as text ("" where initial), numbers as Decimal or int."""

PING = "Z_ERPSYNC_PING"
CHECK = "Z_ERPSYNC_CHECK"
ORDER_CREATE = "Z_ERPSYNC_ORDER_CREATE"
ORDER_FIND = "Z_ERPSYNC_ORDER_FIND"
ORDER_CHANGE = "Z_ERPSYNC_ORDER_CHANGE"
CUSTOMER_FIND = "Z_ERPSYNC_CUSTOMER_FIND"
CUSTOMER_SAVE = "Z_ERPSYNC_CUSTOMER_SAVE"
CUSTOMERS_CHANGED = "Z_ERPSYNC_CUSTOMERS_CHANGED"
MATERIALS_CHANGED = "Z_ERPSYNC_MATERIALS_CHANGED"
PRICES_CHANGED = "Z_ERPSYNC_PRICES_CHANGED"
STOCK = "Z_ERPSYNC_STOCK"
PROGRESS_CHANGED = "Z_ERPSYNC_PROGRESS_CHANGED"
REFUND = "Z_ERPSYNC_REFUND"
PAYMENT = "Z_ERPSYNC_PAYMENT"


@dataclass(frozen=True)
class Field:
    """One field. `length` is its characters or digits, `decimals` those behind the point."""

    name: str
    kind: str
    length: int = 0
    decimals: int = 0


Structure: TypeAlias = Mapping[str, Field]


def _structure(text: str) -> Structure:
    words = text.split()
    return {name: _field(name, kind) for name, kind in zip(words[::2], words[1::2], strict=True)}


def _field(name: str, kind: str) -> Field:
    if kind[0] == "P":
        length, decimals = kind[1:].split(".")
        return Field(name, "P", int(length), int(decimals))
    return Field(name, kind[0], int(kind[1:] or 0))


ORDER = _structure(
    "REFERENCE C60 ACTION C1 VBELN C10 AUART C4 VKORG C4 VTWEG C2 SPART C2 KUNNR C10 BSTKD C35 BSTDK D WAERK C5 "
    "VSBED C2 ABGRU C2 AUGRU C3 LIFSK C2 TOTAL P23.4"
)
"""A sales order or credit memo request. ACTION is for changes. TOTAL is what it must come to,
LIFSK the block that it gets where it does not."""
ITEM = _structure("REFERENCE C60 POSNR N6 MATNR C40 KWMENG P15.3 VRKME C3 WERKS C4 LGORT C4 ARKTX C40")
CONDITION = _structure("REFERENCE C60 POSNR N6 KSCHL C4 KBETR P23.4 WAERS C5 KPEIN P5.0 MWSKZ C2")
ADDRESS = _structure(
    "REFERENCE C60 PARVW C2 NAME1 C40 NAME2 C40 STREET C60 STREET2 C40 CITY C40 POST_CODE C10 COUNTRY C3 REGION C3 "
    "PHONE C30 EMAIL C241"
)
TEXT = _structure("REFERENCE C60 TDID C4 TDLINE C132")
EXTRA = _structure("REFERENCE C60 FIELD C30 VALUE C255")
CUSTOMER = _structure(
    "REFERENCE C60 KUNNR C10 MODEL C10 BUKRS C4 VKORG C4 VTWEG C2 SPART C2 COMPANY C40 FIRSTNAME C40 LASTNAME C40 "
    "STREET C60 STREET2 C40 CITY C40 POST_CODE C10 COUNTRY C3 REGION C3 PHONE C30 EMAIL C241 WAERS C5 KDGRP C2"
)
PAYMENT_ROW = _structure(
    "REFERENCE C60 BUKRS C4 BLART C2 KUNNR C10 VBELN C10 HKONT C10 BUDAT D BLDAT D WRBTR P23.4 WAERS C5"
)
SOUGHT = _structure("KIND C1 REFERENCE C60 EMAIL C241")
"""What is looked for: KIND O order, R credit memo request, P payment, C customer."""
LOOKUP = _structure("KIND C10 VALUE C60 FOUND C1")
LOCATION = _structure("WERKS C4 LGORT C4")
WANTED = _structure("MATNR C40")
PRICE_LIST = _structure("PLTYP C2")
