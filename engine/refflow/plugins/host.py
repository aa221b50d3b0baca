"""The host of plugins: finds them, loads each by itself, and settles who has which name.

A broken plugin is named in `Host.plugins` and costs nothing but itself. With `REFFLOW_STRICT_PLUGINS=1` in
the environment it raises instead, for whoever develops or deploys plugins. `REFFLOW_NO_PLUGINS` names plugins
to leave out, or all that are not bundled (`1`), before any is imported. `REFFLOW_TRACE_PLUGINS=1` has each
one's hooks, declarations and time told on stderr.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import msgspec
import pluggy

from .blocked import Blocked, blocked_releases
from .config import PluginConfig
from .deprecation import noted
from .discovery import Candidate, discover
from .installed import Registration, registrations
from .loading import KINDS, Collected, Declared, PluginFailed, new_manager, register
from .origin import Origin, settle
from .registry import Contribution, EffectRegistry, PureRegistry

Status = Literal["active", "failed", "conflict", "disabled", "other-api"]


class PluginStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one plugin. `deprecated` tells what it uses that a later refflow no longer has.

    active     in use
    failed     it cannot be used, and nothing of it is; `traceback` is for its author
    conflict   what another plugin also claims is not in use, the rest is
    disabled   not imported, as the configuration or the environment says, or because it is known to do harm
    other-api  not imported, because it was written for another major version of the plugin API
    """

    name: str
    dist: str
    version: str
    status: Status
    reason: str = ""
    module: str = ""
    source: Literal["bundled", "installed", "local", "in-process"] = "installed"
    import_ms: float = 0.0
    contributes: tuple[str, ...] = ()
    traceback: str = ""
    deprecated: tuple[str, ...] = ()


class Host:
    """The plugins of one workspace, fixed for as long as it is open. Owned by whoever opened it."""

    def __init__(
        self,
        plugins: tuple[PluginStatus, ...],
        pure: PureRegistry,
        effects: EffectRegistry,
        secrets: pluggy.HookCaller,
    ) -> None:
        self.plugins = plugins
        self.pure = pure
        self.effects = effects
        self._secrets = secrets

    @classmethod
    def load(
        cls,
        config: PluginConfig | None = None,
        in_process: Sequence[object] = (),
        *,
        installed: Iterable[Registration] | None = None,
        blocked: Iterable[Blocked] | None = None,
    ) -> Host:
        """Load every plugin that `config` admits, and the objects `in_process`.

        `installed` stands in for what a scan of the installed packages finds, `blocked` for the releases that
        are known to do harm.
        """
        config = config or PluginConfig()
        candidates = discover(config, in_process, registrations() if installed is None else installed)
        manager = new_manager()
        harmful = tuple(blocked_releases() if blocked is None else blocked)
        attempts = [
            _load(manager, candidate)
            if refusal is None
            else _Attempt(candidate.origin, *refusal, module=candidate.module)
            for candidate, refusal in zip(candidates, _refusals(candidates, config, harmful), strict=True)
        ]
        if _switched_on("REFFLOW_TRACE_PLUGINS"):
            _trace(attempts)
        settled = _settled(attempts, config.prefer)
        if _switched_on("REFFLOW_STRICT_PLUGINS"):
            _insist(settled)
        contributions = _contributions(settled, config)
        for attempt in settled:
            # All is declared by now; what stays registered is what may be asked for secrets.
            if not _acts(attempt.origin, config) and manager.has_plugin(attempt.origin.plugin):
                manager.unregister(name=attempt.origin.plugin)
        return cls(
            plugins=tuple(attempt.outcome() for attempt in settled),
            pure=PureRegistry(**_only(contributions, PureRegistry)),
            effects=EffectRegistry(**_only(contributions, EffectRegistry)),
            secrets=manager.hook.refflow_secret,
        )

    @property
    def unusable(self) -> list[PluginStatus]:
        """The plugins that are not in use as they should be, because they failed or their names are taken."""
        return [each for each in self.plugins if each.status in ("failed", "conflict")]

    def secret(self, ref: str) -> str | None:
        """The secret that `ref` refers to, such as `keyring:refflow/smtp`, from the first plugin that has it.

        Raises `PluginFailed`, which names the reference and never a value.
        """
        try:
            found: object = self._secrets(ref=ref)
        except Exception as error:
            # The error's own text may quote the value, so only its type is told.
            raise PluginFailed(f"The secret {ref} could not be had: {type(error).__name__}") from None
        if found is not None and not isinstance(found, str):
            raise PluginFailed(f"The secret {ref} must be text; a plugin gave {type(found).__name__}")
        return found


class _Attempt(NamedTuple):
    """One candidate and how far it came."""

    origin: Origin
    status: Status = "active"
    reason: str = ""
    module: str = ""
    declared: tuple[Declared, ...] = ()
    collected: tuple[Collected, ...] = ()
    import_ms: float = 0.0
    error: Exception | None = None
    deprecated: tuple[str, ...] = ()

    def outcome(self) -> PluginStatus:
        return PluginStatus(
            name=self.origin.plugin,
            dist=self.origin.distribution,
            version=self.origin.version,
            status=self.status,
            reason=self.reason,
            module=self.module,
            source=self.origin.source,
            import_ms=self.import_ms,
            contributes=tuple(each.label for each in self.declared),
            traceback="".join(traceback.format_exception(self.error)) if self.error else "",
            deprecated=self.deprecated,
        )


def _acts(origin: Origin, config: PluginConfig) -> bool:
    return origin.source != "installed" or origin.plugin in config.enabled


def _refusals(
    candidates: Sequence[Candidate], config: PluginConfig, harmful: Sequence[Blocked]
) -> list[tuple[Status, str] | None]:
    """Why a candidate is not to be imported at all, decided from its metadata alone."""
    refusals = [_refusal(candidate, config, harmful) for candidate in candidates]
    by_name: dict[str, list[int]] = {}
    for i, candidate in enumerate(candidates):
        if refusals[i] is None:
            by_name.setdefault(candidate.origin.plugin, []).append(i)
    for name, claimants in by_name.items():
        given = [i for i in claimants if candidates[i].origin.source == "in-process"]
        if len(given) == 1:
            # Whoever hands a plugin over means that one, as when its own tests run where it is installed.
            for i in set(claimants) - set(given):
                refusals[i] = ("disabled", "a plugin of this name is given in process")
            continue
        settled = settle(f"plugin:{name}", [candidates[i].origin for i in claimants], config.prefer)
        for place, i in enumerate(claimants):
            if place in settled.refused:
                refusals[i] = ("conflict", settled.refused[place])
            elif place != settled.winner:
                refusals[i] = ("disabled", "the configuration prefers another plugin of this name")
    return refusals


def _refusal(
    candidate: Candidate, config: PluginConfig, harmful: Sequence[Blocked]
) -> tuple[Status, str] | None:
    origin = candidate.origin
    if origin.plugin in config.disabled:
        return "disabled", "the configuration disables it"
    if _left_out(origin):
        return "disabled", "REFFLOW_NO_PLUGINS leaves it out"
    for release in harmful:
        if release.covers(origin):
            return "disabled", release.refusal()
    if candidate.api != 1:
        return "other-api", f"needs a refflow with plugin API {candidate.api}"
    if not config.autoload and not _acts(candidate.origin, config):
        return "disabled", "autoload is off and the configuration does not enable it"
    return None


def _left_out(origin: Origin) -> bool:
    wanted = os.environ.get("REFFLOW_NO_PLUGINS", "")
    if wanted in ("1", "all"):
        # What is bundled is part of refflow: it is left out only by name.
        return origin.source != "bundled"
    return any(origin.answers_to(name.strip()) for name in wanted.split(",") if name.strip())


def _switched_on(variable: str) -> bool:
    return os.environ.get(variable, "0") not in ("", "0")


def _trace(attempts: Iterable[_Attempt]) -> None:
    for attempt in attempts:
        whose = f"{attempt.origin.plugin} ({attempt.origin})"
        said = f"{attempt.status}, {_labels(attempt.declared)}, {attempt.import_ms:.1f} ms"
        sys.stderr.write(f"refflow: plugin {whose}: {said}\n")
        for found in attempt.collected:
            sys.stderr.write(f"refflow:   {found.hook}: {_labels(found.declared)}, {found.ms:.1f} ms\n")


def _labels(declared: Iterable[Declared]) -> str:
    return ", ".join(each.label for each in declared) or "nothing"


def _load(manager: pluggy.PluginManager, candidate: Candidate) -> _Attempt:
    started = time.perf_counter()
    attempt = _Attempt(candidate.origin, module=candidate.module)
    try:
        with noted() as deprecated:
            collected = register(manager, candidate.origin, candidate.load())
        declared = tuple(each for found in collected for each in found.declared)
        attempt = attempt._replace(declared=declared, collected=collected, deprecated=tuple(deprecated))
    except PluginFailed as error:
        attempt = attempt._replace(status="failed", reason=str(error), error=error)
    except (Exception, SystemExit) as error:
        failure = PluginFailed(f"{type(error).__name__}: {error}")
        failure.__cause__ = error
        attempt = attempt._replace(status="failed", reason=str(failure), error=failure)
    return attempt._replace(import_ms=(time.perf_counter() - started) * 1000)


def _settled(attempts: Sequence[_Attempt], prefer: Mapping[str, str]) -> list[_Attempt]:
    """The attempts with what each may keep of what it declared."""
    claims: dict[str, dict[int, None]] = {}
    for i, attempt in enumerate(attempts):
        for declared in attempt.declared:
            claims.setdefault(declared.claim, {})[i] = None
    winners: dict[str, int] = {}
    refused: dict[int, list[str]] = {}
    for claim, claimants in claims.items():
        places = list(claimants)
        settled = settle(claim, [attempts[i].origin for i in places], prefer)
        if settled.winner is not None:
            winners[claim] = places[settled.winner]
        for place, reason in settled.refused.items():
            refused.setdefault(places[place], []).append(reason)
    return [_kept(attempt, i, winners, refused.get(i, [])) for i, attempt in enumerate(attempts)]


def _kept(attempt: _Attempt, i: int, winners: Mapping[str, int], refused: Sequence[str]) -> _Attempt:
    kept = tuple(each for each in attempt.declared if winners.get(each.claim) == i)
    if not refused:
        return attempt._replace(declared=kept)
    return attempt._replace(declared=kept, status="conflict", reason="; ".join(refused))


def _insist(attempts: Iterable[_Attempt]) -> None:
    for attempt in attempts:
        if attempt.status in ("failed", "conflict"):
            whose = f"The plugin {attempt.origin.plugin} of {attempt.origin}"
            raise PluginFailed(f"{whose}: {attempt.reason}") from attempt.error


def _contributions(attempts: Iterable[_Attempt], config: PluginConfig) -> dict[str, Mapping[Any, Any]]:
    found: dict[str, dict[Any, Contribution[Any]]] = {attribute: {} for attribute in KINDS}
    for attempt in attempts:
        origin = attempt.origin
        for declared in attempt.declared:
            found[declared.attribute][declared.key] = Contribution(
                spec=declared.spec,
                plugin=origin.plugin,
                distribution=origin.distribution,
                version=origin.version,
                enabled=_acts(origin, config),
            )
    return {attribute: MappingProxyType(mapping) for attribute, mapping in found.items()}


def _only(contributions: Mapping[str, Any], registry: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: contributions[name] for name in registry.__struct_fields__}
