"""LiteLLM's proxy: installed when it is asked for, into an environment of its own, and how it is started."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGES = Path(__file__).with_name("litellm.txt")
"""The proxy and all that it needs, each with its version."""

FOLDER = Path(__file__).resolve().parent.parent / "build" / "bench" / "litellm"

INSTALL_LIMIT = 1800.0

HEALTH = "/health/liveliness"
"""Its plain `/health` asks every model."""

ENV = {
    # Nobody needs a key at any of the servers compared, and all listen on this machine only.
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    # Its list of prices comes with the package; without this it is fetched at start.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "PYTHONPATH": "",
}

_CONFIG = """\
model_list:
  - model_name: openai/gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "http://127.0.0.1:{upstream}/v1", api_key: sk-bench}}
litellm_settings: {{telemetry: false}}
"""


def version() -> str:
    """The pinned version."""
    lines = PACKAGES.read_text().splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith("litellm=="))


def installed() -> Path:
    """Its program; installs it once."""
    program, stamp = FOLDER / "bin" / "litellm", FOLDER / "installed.txt"
    if stamp.exists() and stamp.read_text() == PACKAGES.read_text():
        return program
    print(f"Installing LiteLLM {version()} (once, about 700 MB) ...", file=sys.stderr)
    shutil.rmtree(FOLDER, ignore_errors=True)
    # The system's Python brings pip; without pip inside, because Debian keeps that part of venv elsewhere.
    python = f"{sys.base_prefix}/bin/python3"
    subprocess.run([python, "-m", "venv", "--without-pip", str(FOLDER)], check=True, timeout=INSTALL_LIMIT)
    pip = [python, "-m", "pip", "--python", f"{FOLDER}/bin/python", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--quiet", "--requirement", str(PACKAGES)], check=True, timeout=INSTALL_LIMIT)
    stamp.write_text(PACKAGES.read_text())
    return program


def command(program: Path, folder: Path, port: int, upstream: int) -> Sequence[str]:
    """Starts it in that folder, with one worker."""
    config = folder / "config.yaml"
    config.write_text(_CONFIG.format(upstream=upstream))
    address = ["--host", "127.0.0.1", "--port", str(port)]
    return [str(program), "--config", str(config), *address, "--num_workers", "1", "--telemetry", "False"]
