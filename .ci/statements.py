"""Count the statements of the product, docstrings left out: ``python .ci/statements.py [FOLDER]``."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

MODULES = ("DMDPPredictor", "DMDPTraining")


def statements(path: Path) -> int:
    """The statements of a Python file, without those that are a bare string."""
    nodes = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.stmt))
    return sum(
        not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
        for node in nodes
    )


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    counts = {module: sum(statements(path) for path in (root / module).rglob("*.py")) for module in MODULES}
    print("; ".join(f"{module}: {count}" for module, count in counts.items()), f"; in all: {sum(counts.values())}")
