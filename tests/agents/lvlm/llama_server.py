"""llama.cpp's server on a free port: prints its address, then serves until its standard input is closed.

python -m tests.agents.lvlm.llama_server model.gguf mmproj.gguf
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main(model: str, mmproj: str) -> None:
    llama: Any = importlib.import_module("xllamacpp")
    params = llama.CommonParams()
    params.model.path = model
    params.mmproj.path = mmproj
    params.mmproj_use_gpu = False
    params.model_alias = {"tiny"}
    params.n_ctx = 8192
    params.n_parallel = 4
    params.warmup = False
    params.port = 0  # any that is free
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = llama.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
