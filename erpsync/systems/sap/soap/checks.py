"""What `erpsync doctor` asks of an SAP connection: one call to the wrapper's PING, one to its CHECK."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.sap.soap import wire
from erpsync.systems.sap.soap.client import Reply, Wrapper
from erpsync.systems.sap.soap.rows import row
from erpsync.systems.sap.soap.settings import SapSoapSettings

_SKEW_SECONDS = 60.0
_CLOCK_STEP = "Set this machine's clock by NTP (timedatectl set-ntp true), then run `erpsync doctor` again."
_RIGHTS = {
    "V_VBAK_VKO/01": "create sales documents",
    "V_VBAK_VKO/02": "change sales documents",
    "V_VBAK_VKO/03": "read sales documents",
    "V_KNA1_VKO/01": "create customers",
    "V_KNA1_VKO/02": "change customers",
    "M_MATE_STA/03": "read materials",
    "V_KONH_VKS/03": "read prices",
    "M_MATE_WRK/03": "read stock",
}
_PAYMENTS = {"F_BKPF_BUK/01": "post payments"}


def run(wrapper: Wrapper, settings: SapSoapSettings, clock: Clock) -> Sequence[Check]:
    """All questions; after a refused login only those that need none."""
    try:
        reply = wrapper.call(wire.PING, {})
    except SyncError as error:
        problem = error.problem
        name = "credentials" if error.code in ("credentials-refused", "permission-missing") else "reachable"
        return [Check(name, False, problem.what, problem.next_step), _clock(wrapper.replied_at(), clock)]
    found = f"{reply.text('EV_SYSTEM')} client {reply.text('EV_CLIENT')}, release {reply.text('EV_RELEASE')}"
    results = [
        Check("reachable", True, f"The wrapper answers: {found}, time zone {reply.text('EV_TIME_ZONE')}."),
        Check("credentials", True, f"Signed in as {reply.text('EV_USER')}."),
        _client(reply, settings),
        _clock(reply.moment("EV_NOW") or wrapper.replied_at(), clock),
        _uniqueness(reply, settings),
    ]
    try:
        return [*results, *_lookups(wrapper, settings)]
    except SyncError as error:
        return [*results, Check("lookups", False, error.problem.what, error.problem.next_step)]


def absent(wrapper: Wrapper, kind: str, values: Sequence[str], settings: SapSoapSettings) -> list[str]:
    """Those of the values that SAP does not have."""
    rows = _asked(wrapper, [(kind, value) for value in values], settings)
    return [value for value in values if (kind, value) not in rows]


def _asked(wrapper: Wrapper, sought: Sequence[tuple[str, str]], settings: SapSoapSettings) -> set[tuple[str, str]]:
    arguments = {
        "IV_VKORG": settings.sales_organization,
        "IV_VTWEG": settings.distribution_channel,
        "IV_SPART": settings.division,
        "IV_BUKRS": settings.company,
        "IT_LOOKUP": [row(wire.LOOKUP, "lookup", {"KIND": kind, "VALUE": value}) for kind, value in sought],
    }
    reply = wrapper.call(wire.CHECK, arguments)
    return {(one["KIND"], one["VALUE"]) for one in reply.rows("ET_LOOKUP") if one["FOUND"]}


def _client(reply: Reply, settings: SapSoapSettings) -> Check:
    told = reply.text("EV_CLIENT")
    if told == settings.client:
        return Check("client", True, f"Client {told}.")
    return Check(
        "client", False, f"The service works in client {told}, the connection says {settings.client}.",
        "Correct client or path of this connection: each client has a binding of its own.",
    )  # fmt: skip


def _clock(remote: datetime | None, clock: Clock) -> Check:
    if remote is None:
        return Check("clock", False, "SAP's time is not known.", "Mend the checks above first.")
    skew = (clock.now() - remote).total_seconds()
    side = "ahead of" if skew > 0 else "behind"
    ok = abs(skew) <= _SKEW_SECONDS
    return Check("clock", ok, f"This clock is {abs(skew):.0f} s {side} SAP's.", "" if ok else _CLOCK_STEP)


def _uniqueness(reply: Reply, settings: SapSoapSettings) -> Check:
    keeps = reply.text("EV_UNIQUE") == "X"
    if keeps == settings.wrapper_keeps_references_unique:
        told = "refuses a second record with the same reference" if keeps else "does not keep references unique"
        return Check("unique references", True, f"The wrapper {told}, as the connection says.")
    return Check(
        "unique references",
        False,
        f"The wrapper {'keeps' if keeps else 'does not keep'} references unique; the connection says otherwise.",
        f"Set wrapper_keeps_references_unique = {str(keeps).lower()} for this connection, and restart the workers.",
    )


def _lookups(wrapper: Wrapper, settings: SapSoapSettings) -> list[Check]:
    questions = list(_questions(settings))
    found = _asked(wrapper, [(kind, value) for kind, value, *_ in questions], settings)
    return [
        Check(name, True, "SAP has it.") if (kind, value) in found else Check(name, False, detail, step)
        for kind, value, name, detail, step in questions
    ]


def _questions(settings: SapSoapSettings) -> Iterator[tuple[str, str, str, str, str]]:
    """Kind, value, the check's name, and what to say where the answer is no."""
    rights = _RIGHTS | (_PAYMENTS if settings.payment_methods or settings.default_payment_method else {})
    for right, what in rights.items():
        step = f"Give the connection's user {right.replace('/', ' with activity ')} (PFCG), as the README lists it."
        yield "AUTH", right, f"may {what}", f"The connection's user may not {what} ({right}).", step
    area = f"{settings.sales_organization}/{settings.distribution_channel}/{settings.division}"
    yield (
        "AREA",
        area,
        f"sales area {area}",
        f"SAP has no sales area {area}.",
        _correct("sales_organization, distribution_channel and division"),
    )
    for kind, setting, values in _values(settings):
        for value in dict.fromkeys(values):
            name = f"{setting} {value}"
            yield kind, value, name, f"SAP has no {value} for {setting}.", _correct(setting)


def _values(settings: SapSoapSettings) -> Iterator[tuple[str, str, Sequence[str]]]:
    conditions = [name for name in type(settings).model_fields if name.endswith("_condition")]
    single = {
        "BUKRS": ["company"],
        "AUART": ["order_type", "credit_type"],
        "WERKS": ["plant"],
        "KSCHL": conditions,
        "VSBED": ["default_shipping_method"],
        "KDGRP": ["default_customer_group"],
        "ABGRU": ["cancel_reason"],
        "AUGRU": ["credit_reason"],
        "LIFSK": ["delivery_block"],
        "KUNNR": ["model_customer"],
        "MATNR": ["refund_material"],
        "SAKNR": ["default_payment_method"],
    }
    for kind, names in single.items():
        for name in names:
            yield kind, name, [value for value in [getattr(settings, name)] if value]
    yield "WAERS", "currencies", list(settings.currencies.values())
    yield "VSBED", "shipping_methods", list(settings.shipping_methods.values())
    yield "KDGRP", "customer_groups", list(settings.customer_groups.values())
    yield "MWSKZ", "tax_codes", list(settings.tax_codes.values())
    yield "SAKNR", "payment_methods", list(settings.payment_methods.values())
    yield "LGORT", "stock_locations", settings.stock_locations
    yield "PLTYP", "price_lists", settings.price_lists
    yield "VFIELD", "order_fields", list(settings.order_fields)
    yield "KFIELD", "customer_fields", list(settings.customer_fields)


def _correct(setting: str) -> str:
    return f"Correct {setting} of this connection, or make it in SAP's customizing, then run `erpsync doctor` again."
