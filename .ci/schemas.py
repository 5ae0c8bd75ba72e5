"""Write the JSON Schemas in Resources/Schemas anew from the dataclasses: ``python .ci/schemas.py``.

Testing/core/test_documents.py compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "Resources" / "Schemas"


def schemas() -> dict[str, str]:
    """The content of every schema, by the name of its file."""
    from dmdp.documents.schema import schema_of
    from dmdp.schemas import DOCUMENTS

    made = {f"{name}.schema.json": schema_of(kind) for name, kind in DOCUMENTS.items()}
    return {name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in made.items()}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "DMDPPredictor"))
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.schema.json"):
        old.unlink()
    for name, content in schemas().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
