"""Write the lists of files in the modules' CMakeLists.txt anew: ``python .ci/cmake_lists.py``.

CMake's documentation advises against globbing, because a build does not notice a new file. Testing/core/test_cmake.py compares.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = {"DMDPPredictor": ("DMDPPredictorLib", "dmdp"), "DMDPTraining": ("DMDPTrainingLib", "dmdp_training")}


def packaged(module: str) -> list[str]:
    """The files of a module that git knows or would add, as paths below its folder, without the CMake file."""
    command = ["git", "ls-files", "--deduplicate", "--cached", "--others", "--exclude-standard", "--", "."]
    named = subprocess.run(command, cwd=ROOT / module, capture_output=True, text=True, check=True).stdout.splitlines()
    kept = (f"{module}.py", "Resources", *MODULES[module])
    return sorted(name for name in named if name.split("/")[0] in kept and (ROOT / module / name).is_file())


def lists(module: str) -> str:
    """The CMakeLists.txt of a module with its two lists as they should be."""
    text = (ROOT / module / "CMakeLists.txt").read_text(encoding="utf-8")
    files = packaged(module)
    parts = {
        "MODULE_PYTHON_SCRIPTS": [name for name in files if name.endswith(".py")],
        "MODULE_PYTHON_RESOURCES": [name for name in files if not name.endswith(".py")],
    }
    for variable, names in parts.items():
        lines = "".join(f"  {name}\n" for name in names).replace(f"  {module}.py\n", "  ${MODULE_NAME}.py\n")
        text, count = re.subn(rf"set\({variable}\n[^)]*\)", lambda _, v=variable, n=lines: f"set({v}\n{n})", text)
        assert count == 1, f"{module}: no list {variable}"
    return text


if __name__ == "__main__":
    for module in MODULES:
        (ROOT / module / "CMakeLists.txt").write_text(lists(module), encoding="utf-8")
