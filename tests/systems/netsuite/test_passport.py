"""Token-based authentication against Oracle's published example."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from erpsync.ports.runtime import Tools
from erpsync.systems.netsuite.passport import signature, token_passport
from erpsync.systems.netsuite.settings import NetSuiteSettings


def configured(**changes: Any) -> NetSuiteSettings:
    values = dict.fromkeys(("account", "consumer_key", "consumer_secret", "token_id", "token_secret"), "1234567")
    return NetSuiteSettings(**{**values, "currencies": {"EUR": "1"}, **changes})


def test_the_signature_is_that_of_oracles_example(contracts: Path) -> None:
    vector = json.loads((contracts / "netsuite" / "tba_test_vector.json").read_text())
    settings = configured(
        account=vector["account"],
        consumer_key=vector["consumerKey"],
        consumer_secret=vector["consumerSecret"],
        token_id=vector["token"],
        token_secret=vector["tokenSecret"],
    )

    assert signature(settings, vector["nonce"], vector["timestamp"]) == vector["HMAC-SHA256_base64"]


def test_a_passport_is_fresh_each_time_and_of_letters_and_digits(tools: Tools) -> None:
    passports = [token_passport(configured(), tools) for _ in range(50)]

    nonces = {str(passport["nonce"]) for passport in passports}
    assert len(nonces) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9]{6,64}", nonce) for nonce in nonces)


def test_a_passport_bears_the_time_in_whole_seconds(tools: Tools) -> None:
    class Fixed:
        def now(self) -> datetime:
            return datetime(2026, 11, 20, 12, 0, 0, 999_999, tzinfo=UTC)

    passport = token_passport(configured(), replace(tools, clock=Fixed()))

    assert passport["timestamp"] == 1795176000
