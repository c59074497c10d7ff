"""Records made once each, whoever else tries to: looked up by external id, then loaded under it."""

from collections.abc import Callable, Mapping

from erpsync.domain.errors import SyncError
from erpsync.systems.odoo.bulk import Record, load_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups

# A call that lost a race looks again and finds what the winner made; a third party may come in between, rarely twice.
_ROUNDS = 3


def make_once(
    client: OdooClient,
    lookups: Lookups,
    model: str,
    names: Mapping[str, str],
    record: Callable[[str], Record],
    known: Mapping[str, int] | None = None,
) -> tuple[dict[str, int], dict[str, SyncError]]:
    """Ids of the records, made now or before, and why others could not be made. `names`: their external ids, without
    module, by key. `record` is asked only for those that are not there. `known`: ids by external id, where the caller has
    just looked."""
    made: dict[str, int] = {}
    failed: dict[str, SyncError] = {}
    pending = dict(names)
    for _ in range(_ROUNDS):
        there = known if known is not None else lookups.by_external_name(model, set(pending.values()))
        known = None
        made |= {key: there[name] for key, name in pending.items() if name in there}
        # What was refused, and is not there after all, is refused for good; what met another call is tried again.
        pending = {
            key: name
            for key, name in pending.items()
            if key not in made and (key not in failed or failed[key].code == "write-conflict")
        }
        if not pending:
            break
        loaded = load_each(client, model, {key: record(key) for key in pending})
        made |= {key: answer for key, answer in loaded.items() if isinstance(answer, int)}
        failed |= {key: answer for key, answer in loaded.items() if isinstance(answer, SyncError)}
        pending = {key: name for key, name in pending.items() if key not in made}
    return made, {key: error for key, error in failed.items() if key not in made}
