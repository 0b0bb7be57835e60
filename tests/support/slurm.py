"""A real Slurm of several nodes on this one machine, for tests: no systemd, no cgroups, no accounting.

    python tests/support/slurm.py --nodes 4 -- snakemake --workflow-profile profiles/slurm-noacct ...

runs a command with such a Slurm, as root, and takes it down again.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_PATH = f"{os.environ['PATH']}:/usr/sbin"
DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "srun")

CONFIGURATION = """\
ClusterName=unfacetest
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=1
SlurmdTimeout=10
ReturnToService=2
MinJobAge=86400
KillWait=5
SlurmctldPort={port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefMemPerCPU=200 State=UP
"""

SRUN = """\
#!/bin/sh
# The jobstep plugin takes every SLURM_ variable out of a job's environment before it calls srun.
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""


def missing() -> str:
    """Why no Slurm can be started here; empty if one can."""
    absent = [name for name in DAEMONS if shutil.which(name, path=_PATH) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian: munge slurmctld slurmd slurm-client)"
    return "" if os.geteuid() == 0 else "starting slurmd needs root"


class Cluster:
    """Munge, one slurmctld and some slurmd, all below one folder."""

    def __init__(self, folder: Path, nodes: int = 3, cpus_per_node: int = 2) -> None:
        self.folder = folder
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self.cpus_per_node = cpus_per_node

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": f"{self.folder / 'bin'}:{_PATH}"}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bring all nodes up; raises if they are not idle within 30 seconds."""
        self.folder.chmod(0o755)
        for name in ("state", "spool", "log", "bin", "munge"):
            (self.folder / name).mkdir(mode=0o755)
        self._start_munge()
        port = _free_port()
        text = CONFIGURATION.format(folder=self.folder, host=socket.gethostname().split(".")[0], port=port)
        for name in self.nodes:
            text += (
                f"NodeName={name} NodeHostname={socket.gethostname().split('.')[0]} NodeAddr=127.0.0.1 "
                f"Port={_free_port()} CPUs={self.cpus_per_node} RealMemory=16000 State=UNKNOWN\n"
            )
        (self.folder / "slurm.conf").write_text(text)
        wrapper = self.folder / "bin" / "srun"
        wrapper.write_text(SRUN.format(folder=self.folder, srun=shutil.which("srun")))
        wrapper.chmod(0o755)
        self._call("slurmctld", "-c")
        for name in self.nodes:
            (self.folder / "spool" / name).mkdir()
            self.start_node(name)
        deadline = time.monotonic() + 30
        while self._call("sinfo", "-h", "-t", "idle", "-o", "%D").strip() != str(len(self.nodes)):
            if time.monotonic() > deadline:
                raise RuntimeError("the nodes did not come up:\n" + self._call("sinfo", "-Nl"))
            time.sleep(0.2)

    def start_node(self, name: str) -> None:
        self._call("slurmd", "-N", name)

    def kill_node(self, name: str) -> None:
        """End a node's daemon with no word to anyone; its jobs run on for a while, as they do on a real node."""
        daemon = self.folder / f"slurmd.{name}.pid"
        os.kill(int(daemon.read_text()), signal.SIGKILL)
        daemon.unlink()

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        folder.chmod(0o700)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        self._call(
            "munged",
            "--force",
            f"--key-file={key}",
            f"--socket={self.folder / 'munge.socket'}",
            f"--pid-file={folder / 'munged.pid'}",
            f"--log-file={folder / 'munged.log'}",
            f"--seed-file={folder / 'seed'}",
        )

    def _call(self, *arguments: str) -> str:
        return subprocess.run(
            arguments, env=self.environment, check=True, capture_output=True, text=True, timeout=30
        ).stdout

    def stop(self) -> None:
        """End the daemons that this cluster started, by their own pid files."""
        subprocess.run(["scancel", "--user=root"], env=self.environment, check=False, capture_output=True)
        for path in [*self.folder.glob("*.pid"), self.folder / "munge" / "munged.pid"]:
            if path.exists():
                _end(int(path.read_text()))


def _end(pid: int) -> None:
    for sign, tries in ((signal.SIGTERM, 50), (signal.SIGKILL, 1)):
        for _ in range(tries):
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                return
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; the command's exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--cpus-per-node", type=int, default=2)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if why := missing():
        parser.error(why)
    # Python would end at once and leave the daemons.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder), options.nodes, options.cpus_per_node) as cluster,
    ):
        return subprocess.run(options.command[1:], env=cluster.environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
