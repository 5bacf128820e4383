"""A model on the first provider, precision and layout that computes it right."""

from __future__ import annotations

from pathlib import Path

from ganfx.engine.acceptance import AcceptedModel, accept
from ganfx.engine.faster_precision import open_faster
from ganfx.engine.network import Network
from ganfx.engine.options import EngineOptions
from ganfx.engine.ort_errors import loading
from ganfx.engine.proof import LEAST_DECIBELS, Proof, prove
from ganfx.engine.providers import Provider, candidates, start_session
from ganfx.engine.runtime import runtime
from ganfx.engine.tuning_cache import PROOFS, PROVIDERS_FOUND
from ganfx.errors import InferenceError, OptionError, ProviderError
from ganfx.spec import ModelSpec

# The provider whose fp32 is the reference.
_REFERENCE = "cpu"


def open_network(path: Path, options: EngineOptions) -> Network:
    """The model at `path` on the first provider that runs it, and computes what the processor computes.

    Raises ContractError for the file, ProviderError where no provider, or not the one asked for, can run it or
    computes it right, OptionError for a precision that the contract does not list.
    """
    model = accept(path)
    rows = candidates(options.provider)
    if options.provider == "auto" and (fastest := PROVIDERS_FOUND.get(model.digest)):
        rows = tuple(sorted(rows, key=lambda row: row.name != fastest))
    spec = model.spec
    if options.precision not in ("auto", *spec.precisions):
        raise OptionError(
            f"precision: {spec.name} is not known to survive {options.precision}",
            hint=f"it runs in {', '.join(spec.precisions)}",
        )
    failure: ProviderError | None = None
    wrong: list[str] = []
    for row in rows:
        try:
            network = _open_on(row, model, options, wrong)
        except ProviderError as error:
            failure = error
            continue
        network.remarks = tuple(wrong)
        return network
    assert failure is not None
    check_loads(model)
    raise failure


def _open_on(row: Provider, model: AcceptedModel, options: EngineOptions, wrong: list[str]) -> Network:
    """The model on `row`, in the fastest precision of those left open, and the first layout, that are right.

    Raises ProviderError where none is.
    """
    row.check()
    precisions = _precisions(row, model.spec, options.precision)

    def open_in(precision: str) -> Network:
        return _open_right(row, model, options, wrong, precision)

    if len(precisions) == 1:
        return open_in(precisions[0])
    device = row.describe(options.device_id)
    key = f"{model.digest[:16]} {row.name} {device} {runtime().__version__} {row.version()}".strip()
    return open_faster(key, precisions, open_in)


def _open_right(
    row: Provider, model: AcceptedModel, options: EngineOptions, wrong: list[str], precision: str
) -> Network:
    """The model on `row` in the first layout that is right. Raises ProviderError where none is."""
    failure: ProviderError | None = None
    for layout in row.layouts:
        try:
            network = Network(model, row, precision, options.device_id, layout, threads=options.threads)
            _check(network, model, wrong)
        except ProviderError as error:
            failure = error
        else:
            if options.precision == precision != network.precision:
                wrong.append(f"{row.name} has computed {model.spec.name} wrongly in {precision}: {network.precision}")
            return network
    assert failure is not None
    raise failure


def check_loads(model: AcceptedModel) -> None:
    """Raises ContractError where the file itself, and no provider, is why it does not run."""
    with loading(model.path):
        start_session(model.content(), candidates(_REFERENCE)[0], "fp32", 0)


def _precisions(row: Provider, spec: ModelSpec, wanted: str) -> list[str]:
    """The precisions to choose from: the one that is `wanted`, or what may be the fastest that the network takes, and
    fp32. Raises ProviderError where the one that is wanted is not the provider's.
    """
    if wanted == "auto":
        fastest = row.fastest()
        return list(dict.fromkeys((fastest if fastest in spec.precisions else "fp32", "fp32")))
    if wanted not in row.precisions:
        raise ProviderError(
            f"{row.name} runs {' and '.join(row.precisions)}, not {wanted}",
            hint="--precision auto takes the fastest that holds",
        )
    return [wanted]


def _check(network: Network, model: AcceptedModel, wrong: list[str]) -> None:
    """Raises ProviderError where the network does not compute what it should; what is new is added to `wrong`."""
    row, precision = network.provider, network.precision
    if row.name == _REFERENCE:
        return
    key = " ".join([network.key, runtime().__version__, row.version(), precision, network.layout]).strip()
    known = PROOFS.get(key)
    how = f"{row.name} computes {model.spec.name} wrongly in {' '.join([precision, network.layout]).strip()}"
    if known is None:
        proof = _proof(network, model)
        PROOFS.remember(key, proof.decibels)
        if not proof.holds:
            wrong.append(f"{how}: {proof.decibels:.0f} dB from the processor, {proof.least:.0f} are needed")
    else:
        proof = Proof(known, LEAST_DECIBELS[precision])
    network.decibels = proof.decibels
    if not proof.holds:
        raise ProviderError(f"{how}: it is not used for this model", hint="--provider auto chooses another")


def _proof(network: Network, model: AcceptedModel) -> Proof:
    reference = Network(model, candidates(_REFERENCE)[0], "fp32", 0)
    try:
        return prove(model, network.compute, reference.compute, network.precision, batches=not network.fixed_batch)
    except InferenceError as error:
        raise ProviderError(f"{network.provider.name} does not run {model.spec.name}: {error.message}") from error
