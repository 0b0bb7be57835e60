"""Sidecars with what BIDS asks for; images that lack it are left out."""

from collections.abc import Sequence

from unface.convert import fieldmaps, gradients, perfusion, sidecars
from unface.convert.acquisitions import Acquisition, Target
from unface.mapping.required_keys import required_keys
from unface.run.outcome import Work


def complete(work: Work, acquisitions: Sequence[Acquisition]) -> None:
    """Fill in the sidecars what BIDS asks for; leave out what lacks it.

    Parameters
    ----------
    work
        The session's work, which takes notes on what is left out and on links that stay open.
    acquisitions
        Those of the session, their images named; what lacks something becomes `excluded`.
    """
    for acquisition in _kept(acquisitions):
        for target in acquisition.targets:
            target.sidecar = sidecars.cleaned(target.image.sidecar) | dict(acquisition.match.sidecar)
            if "task" in target.entities:
                # Of dcm2niix' own words for it none: a header's text is no label.
                target.sidecar["TaskName"] = acquisition.match.sidecar.get("TaskName", target.entities["task"])
            if target.suffix == "fieldmap":
                target.sidecar.setdefault("Units", "Hz")
            if target.entities.get("part") == "phase":
                # In what the scanner stores; dcm2niix says so itself where it scales to radians.
                target.sidecar.setdefault("Units", "arbitrary")
    fieldmaps.fill_echo_times(_targets(acquisitions))
    _leave_out_lacking(work, acquisitions)
    # Only now is it known which ASL images there are for an M0 scan to belong to.
    perfusion.link(_targets(acquisitions))
    _leave_out_lacking(work, acquisitions, linked=True)
    for note in fieldmaps.link(_targets(acquisitions)):
        work.note(note)


def _kept(acquisitions: Sequence[Acquisition]) -> list[Acquisition]:
    return [acquisition for acquisition in acquisitions if not acquisition.state]


def _targets(acquisitions: Sequence[Acquisition]) -> list[Target]:
    return [target for acquisition in _kept(acquisitions) for target in acquisition.targets]


def _leave_out_lacking(work: Work, acquisitions: Sequence[Acquisition], linked: bool = False) -> None:
    for acquisition in _kept(acquisitions):
        lacking = sorted({key for target in acquisition.targets for key in _lacking(acquisition, target, linked)})
        if lacking:
            acquisition.state = "excluded"
            acquisition.reason = f"BIDS requires what its header does not say: {', '.join(lacking)}"
            work.note(f"{acquisition.name} is left out: {acquisition.reason}; `sidecar` in a mapping rule can say it")


def _lacking(acquisition: Acquisition, target: Target, linked: bool) -> list[str]:
    required = required_keys(target.datatype, target.suffix, target.sidecar)
    lacking = [key for key in required if key not in target.sidecar]
    if "IntendedFor" in lacking:
        lacking.remove("IntendedFor")
        lacking += ["an ASL image that it belongs to"] if linked else []
    if target.suffix == "asl" and perfusion.context(target) is None:
        lacking.append("aslcontext.tsv")
    if target.suffix == "dwi" and gradients.texts(acquisition, target) is None:
        lacking.append("b-values and b-vectors of every volume")
    return lacking
