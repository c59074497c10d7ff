"""What the simulated system's dictionary holds: the wrapper's structures and the interfaces of its function modules.

Cn CHAR, Nn NUMC, D DATS, Pn.d DEC, I INT4, Wn CUKY, Un UNIT; a name is a table type. Written for the simulator alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass


def _fields(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


@dataclass(frozen=True)
class Function:
    """A function module's interface, by parameter."""

    imports: Mapping[str, str]
    exports: Mapping[str, str]


_PLACE = "STREET C60 STREET2 C40 CITY C40 POST_CODE C10 COUNTRY C3 REGION C3 PHONE C30 EMAIL C241"

STRUCTURES: Mapping[str, Mapping[str, str]] = {
    "ORDER": _fields(
        "REFERENCE C60 ACTION C1 VBELN C10 AUART C4 VKORG C4 VTWEG C2 SPART C2 KUNNR C10 BSTKD C35 BSTDK D WAERK W5 "
        "VSBED C2 ABGRU C2 AUGRU C3 LIFSK C2 TOTAL P23.4"
    ),
    "ITEM": _fields("REFERENCE C60 POSNR N6 MATNR C40 KWMENG P15.3 VRKME U3 WERKS C4 LGORT C4 ARKTX C40"),
    "COND": _fields("REFERENCE C60 POSNR N6 KSCHL C4 KBETR P23.4 WAERS W5 KPEIN P5.0 MWSKZ C2"),
    "ADDRESS": _fields(f"REFERENCE C60 PARVW C2 NAME1 C40 NAME2 C40 {_PLACE}"),
    "TEXT": _fields("REFERENCE C60 TDID C4 TDLINE C132"),
    "EXTRA": _fields("REFERENCE C60 FIELD C30 VALUE C255"),
    "CUSTOMER": _fields(
        "REFERENCE C60 KUNNR C10 MODEL C10 BUKRS C4 VKORG C4 VTWEG C2 SPART C2 COMPANY C40 FIRSTNAME C40 LASTNAME C40 "
        f"{_PLACE} WAERS W5 KDGRP C2"
    ),
    "CUSTOMER_OUT": _fields(
        "KUNNR C10 REFERENCE C60 COMPANY C40 FIRSTNAME C40 LASTNAME C40 PHONE C30 EMAIL C241 KDGRP C2 BLOCKED C1"
    ),
    "PAYMENT": _fields(
        "REFERENCE C60 BUKRS C4 BLART C2 KUNNR C10 VBELN C10 HKONT C10 BUDAT D BLDAT D WRBTR P23.4 WAERS W5"
    ),
    "SOUGHT": _fields("KIND C1 REFERENCE C60 EMAIL C241"),
    "FOUND": _fields("REFERENCE C60 DOCUMENT C20 BY_EMAIL C1"),
    "RESULT": _fields("REFERENCE C60 DOCUMENT C20 EXISTED C1 NET P23.4 TAX P23.4 WAERK W5 BLOCKED C1"),
    "MESSAGE": _fields(
        "REFERENCE C60 TYPE C1 ID C20 NUMBER N3 MESSAGE C220 MESSAGE_V1 C50 MESSAGE_V2 C50 MESSAGE_V3 C50 "
        "MESSAGE_V4 C50 PARAMETER C32 ROW I FIELD C30"
    ),
    "LOOKUP": _fields("KIND C10 VALUE C60 FOUND C1"),
    "LOCATION": _fields("WERKS C4 LGORT C4"),
    "WANTED": _fields("MATNR C40"),
    "PRICE_LIST": _fields("PLTYP C2"),
    "MATERIAL": _fields(
        "MATNR C40 MAKTX C40 MATKL C9 WGBEZ C20 EAN11 C18 BRGEW P13.3 GEWEI U3 LVORM C1 MSTAV C2 VMSTA C2 CHANGED_AT P15.0"
    ),
    "PRICE": _fields("MATNR C40 PLTYP C2 KBETR P23.4 KONWA W5 KPEIN P5.0 KMEIN U3 KSTBM P15.3"),
    "STOCK": _fields("MATNR C40 WERKS C4 LGORT C4 LABST P15.3 RESERVED P15.3 MEINS U3"),
    "PROGRESS": _fields("VBELN C10 REFERENCE C60 CHANGED_AT P15.0"),
    "PROGRESS_ITEM": _fields("VBELN C10 POSNR N6 MATNR C40 KWMENG P15.3 ABGRU C2 SHIPPED P15.3 BILLED P15.3"),
    "DELIVERY": _fields("VBELN C10 DELIVERY C10 SHIPPED_AT P15.0 CARRIER C35 TRACKING C35"),
    "DELIVERY_ITEM": _fields("VBELN C10 DELIVERY C10 MATNR C40 LFIMG P15.3"),
    "INVOICE": _fields("VBELN C10 INVOICE C10 TOTAL P23.4 WAERK W5 ISSUED_AT P15.0"),
}

_AREA = {"IV_VKORG": "C4", "IV_VTWEG": "C2"}
_SINCE = {"IV_SINCE": "P15.0", "IV_CURSOR": "C40", "IV_LIMIT": "I"}
_READ = {"EV_NOW": "P15.0", "EV_CURSOR": "C40"}
_DONE = {"ET_RESULT": "RESULT", "ET_RETURN": "MESSAGE"}
_DOCUMENT = {"IT_ORDER": "ORDER", "IT_ITEM": "ITEM", "IT_COND": "COND", "IT_TEXT": "TEXT"}
_WHOLE = {**_DOCUMENT, "IT_ADDRESS": "ADDRESS", "IT_EXTRA": "EXTRA"}
_FOUND = {"ET_FOUND": "FOUND", "ET_RETURN": "MESSAGE"}

FUNCTIONS: Mapping[str, Function] = {
    "Z_ERPSYNC_PING": Function(
        {},
        {
            "EV_CLIENT": "C3",
            "EV_SYSTEM": "C8",
            "EV_RELEASE": "C10",
            "EV_USER": "C12",
            "EV_NOW": "P15.0",
            "EV_TIME_ZONE": "C6",
            "EV_UNIQUE": "C1",
        },
    ),
    "Z_ERPSYNC_CHECK": Function(
        {**_AREA, "IV_SPART": "C2", "IV_BUKRS": "C4", "IT_LOOKUP": "LOOKUP"},
        {"ET_LOOKUP": "LOOKUP", "ET_RETURN": "MESSAGE"},
    ),
    "Z_ERPSYNC_ORDER_CREATE": Function(_WHOLE, _DONE),
    "Z_ERPSYNC_ORDER_CHANGE": Function(_WHOLE, _DONE),
    "Z_ERPSYNC_ORDER_FIND": Function({"IT_SOUGHT": "SOUGHT"}, _FOUND),
    "Z_ERPSYNC_CUSTOMER_FIND": Function({"IT_SOUGHT": "SOUGHT"}, _FOUND),
    "Z_ERPSYNC_CUSTOMER_SAVE": Function({"IT_CUSTOMER": "CUSTOMER", "IT_EXTRA": "EXTRA"}, _DONE),
    "Z_ERPSYNC_CUSTOMERS_CHANGED": Function(
        {**_AREA, "IV_SPART": "C2", **_SINCE}, {"ET_CUSTOMER": "CUSTOMER_OUT", **_READ}
    ),
    "Z_ERPSYNC_MATERIALS_CHANGED": Function({**_AREA, **_SINCE}, {"ET_MATERIAL": "MATERIAL", **_READ}),
    "Z_ERPSYNC_PRICES_CHANGED": Function(
        {**_AREA, **_SINCE, "IV_KSCHL": "C4", "IT_PRICE_LIST": "PRICE_LIST"}, {"ET_PRICE": "PRICE", **_READ}
    ),
    "Z_ERPSYNC_STOCK": Function(
        {**_SINCE, "IT_LOCATION": "LOCATION", "IT_WANTED": "WANTED"}, {"ET_STOCK": "STOCK", **_READ}
    ),
    "Z_ERPSYNC_PROGRESS_CHANGED": Function(
        _SINCE,
        {
            "ET_ORDER": "PROGRESS",
            "ET_ITEM": "PROGRESS_ITEM",
            "ET_DELIVERY": "DELIVERY",
            "ET_DELIVERY_ITEM": "DELIVERY_ITEM",
            "ET_INVOICE": "INVOICE",
            **_READ,
        },
    ),
    "Z_ERPSYNC_REFUND": Function(_DOCUMENT, _DONE),
    "Z_ERPSYNC_PAYMENT": Function({"IT_PAYMENT": "PAYMENT"}, _DONE),
}
