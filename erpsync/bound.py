"""A configured connection: its system, and its settings as the system has checked them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from erpsync.config import ConnectionConfig
from erpsync.domain.ids import ConnectionName
from erpsync.engine.nudges import webhooks_of
from erpsync.ports.settings import ErpSettings
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.ports.webhooks import Webhooks
from erpsync.problems import sentences
from erpsync.systems import registry

_Settings = TypeVar("_Settings", bound=BaseModel)


@dataclass(frozen=True)
class Bound:
    """A connection with its system and its checked settings."""

    name: ConnectionName
    spec: SystemSpec
    settings: BaseModel
    nudge_secret: SecretStr | None = None

    @property
    def capabilities(self) -> Capabilities:
        chosen = self.spec.capabilities_of
        return self.spec.capabilities if chosen is None else chosen(self.settings)

    def webhooks(self) -> Webhooks | None:
        """What reads its deliveries; None where it sends none."""
        opened = self.spec.open_webhooks
        return webhooks_of(self.nudge_secret, None if opened is None else opened(self.name, self.settings))


def bind(config: ConnectionConfig, problems: list[str]) -> Bound | None:
    """A connection's settings as its system checks them; None, with the reasons in `problems`, where they will not do."""
    where = f"[connections.{config.name}]"
    if config.system not in registry.names():
        problems.append(f"{where} system = {config.system!r} is not known; there are {', '.join(registry.names())}.")
        return None
    spec = registry.spec(config.system)
    shared = set(ErpSettings.model_fields) if spec.role is Role.ERP else set()
    common = _settings(ErpSettings, config, config.values.keys() & shared, problems)
    own = _settings(spec.settings, config, config.values.keys() - shared, problems)
    if own is None or common is None:
        return None
    return Bound(config.name, spec, own, common.nudge_secret)


def _settings(
    model: type[_Settings], config: ConnectionConfig, keys: Collection[str], problems: list[str]
) -> _Settings | None:
    """The values of these keys as the model checks them."""
    where, values = f"[connections.{config.name}]", {key: one for key, one in config.values.items() if key in keys}
    plain = [key for key, value in values.items() if _is_secret(model, key) and not isinstance(value, SecretStr)]
    for key in plain:
        problems.append(f'{where} {key} is a secret: write {key} = {{ env = "VARIABLE" }} or {{ file = "/path" }}.')
    try:
        checked = model.model_validate({key: _plain(model, key, value) for key, value in values.items()})
    except ValidationError as error:
        problems += sentences(error, model, where, {*config.unresolved, *plain})
        return None
    return None if plain else checked


def _is_secret(model: type[BaseModel], key: str) -> bool:
    annotation = model.model_fields[key].annotation if key in model.model_fields else None
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _plain(model: type[BaseModel], key: str, value: Any) -> Any:
    """Any setting may be a reference; only secrets stay wrapped."""
    return value.get_secret_value() if isinstance(value, SecretStr) and not _is_secret(model, key) else value
