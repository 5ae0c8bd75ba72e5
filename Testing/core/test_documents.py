"""Documents: what is written reads back, what is not of its type is refused by its place, former schemas stay readable."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import pytest
from dmdp.bundles.card import Metric
from dmdp.bundles.manifest import Manifest
from dmdp.documents.codec import Malformed, Tagged, json_text, parse, plain, read
from dmdp.documents.schema import DRAFT, schema_of
from dmdp.evidence import DEMONSTRATION, evidence_of
from dmdp.prediction.document import Prediction
from dmdp.resources import resource_roots
from dmdp.results.origin import read_origin
from dmdp.schemas import DOCUMENTS
from jsonschema import Draft202012Validator


@dataclass(frozen=True)
class Leaf:
    """One of many."""

    n: int
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Fruit:
    """What hangs among the leaves, and says so."""

    derived: ClassVar[tuple[str, ...]] = ("what",)
    what: ClassVar[str] = "fruit"

    colour: str


@dataclass(frozen=True)
class Tree:
    """All that may be in a document."""

    derived: ClassVar[tuple[str, ...]] = ("schema", "size")
    schema: ClassVar[int] = 3

    name: str
    pair: tuple[float, float]
    value: float | str | None
    leaf: Leaf | None
    leaves: tuple[Leaf, ...] = ()
    hanging: tuple[Annotated[Leaf | Fruit, Tagged("what", {"leaf": Leaf, "fruit": Fruit}, "leaf")], ...] = ()
    by_name: Mapping[str, tuple[float, float] | None] = field(default_factory=dict)
    plain: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self.leaves)


TREE = Tree(
    "x",
    (1, 2.5),
    None,
    Leaf(1),
    (Leaf(2, "b"), Leaf(3)),
    (Fruit("red"), Leaf(4)),
    {"a": (0.0, 1.0), "b": None},
    {"any": [1, {"x": None}]},
)
WHOLE = plain(TREE)


def with_change(*path, to):
    """The document with something else at a place."""
    changed = json.loads(json.dumps(WHOLE))
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    if to is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = to
    return changed


def test_what_is_written_reads_back():
    assert list(WHOLE)[:2] == ["schema", "size"], "what is derived comes first"
    assert read(Tree, parse(json_text(TREE))) == TREE
    assert read(Tree, {**WHOLE, "more": 1, "size": 99}) == TREE, "what is unknown or follows from the rest is not read"
    assert read(Tree, with_change("leaves", to=...)).leaves == ()


@pytest.mark.parametrize(
    ("path", "to", "said"),
    [
        (("name",), 5, "name: found 5, expected text"),
        (("name",), ..., "name: missing, expected text"),
        (("pair",), "1, 2", "pair: found text, expected two numbers"),
        (("pair",), [1.0], "pair: found a list of 1, expected two numbers"),
        (("pair", 1), "2", r"pair[1]: found text, expected a number"),
        (("pair", 0), True, r"pair[0]: found true, expected a number"),
        (("pair", 0), float("nan"), r"pair[0]: found NaN, expected a number"),
        (("value",), [1], "value: found a list of 1, expected a number or text or null"),
        (("leaf",), "x", "leaf: found text, expected an object or null"),
        (("leaf", "n"), 1.5, "leaf.n: found 1.5, expected a whole number"),
        (("leaves", 1, "kind"), "c", r"leaves[1].kind: found text, expected one of a, b"),
        (("leaves", 0, "n"), ..., r"leaves[0].n: missing, expected a whole number"),
        (("hanging", 0, "what"), "stone", "hanging[0].what: found text, expected one of leaf, fruit"),
        (("hanging", 1), {"what": "fruit"}, "hanging[1].colour: missing, expected text"),
        (("by_name", "a"), [0.0, "1"], r"by_name.a[1]: found text, expected a number"),
        (("by_name",), None, "by_name: found null, expected an object"),
        (("schema",), 4, "schema: found 4, expected 3"),
        (("schema",), ..., "schema: found null, expected 3"),
    ],
)
def test_what_is_not_of_its_type_is_refused_by_its_place(path, to, said):
    changed = with_change(*path, to=to)
    with pytest.raises(Malformed) as refused:
        read(Tree, changed)
    assert str(refused.value) == said
    if to == to:  # JSON, and so its schema, knows no NaN
        assert not Draft202012Validator(schema_of(Tree)).is_valid(changed)


@pytest.mark.parametrize("content", ["[", "", b"\xff\xfe", "[" * 100_000])
def test_what_is_no_json_is_refused(content):
    with pytest.raises(Malformed, match=r"line 1 is no JSON|nested too deeply"):
        parse(content)


def test_a_document_that_is_no_object_is_refused():
    with pytest.raises(Malformed, match="the document: found a list of 1, expected an object"):
        read(Tree, [1])


def test_a_sparse_document_leaves_out_what_is_not_said():
    metric = Metric(metric="AUC", value=0.631, interval=(0.539, 0.7227), protocol="cross-validation", n=211)
    assert plain(metric) == {
        "metric": "AUC",
        "value": 0.631,
        "interval": [0.539, 0.7227],
        "protocol": "cross-validation",
        "n": 211,
    }
    assert read(Metric, plain(metric)) == metric
    assert metric.figure == "0.63 (0.54 to 0.72)"


def test_the_schemas_are_those_of_the_classes(project):
    made = runpy.run_path(str(project / ".ci" / "schemas.py"))["schemas"]()
    folder = project / "Resources" / "Schemas"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == made, "run .ci/schemas.py"
    assert any((root / "Schemas" / "prediction.schema.json").is_file() for root in resource_roots())
    for kind in (*DOCUMENTS.values(), Tree):
        schema = schema_of(kind)
        assert schema["$schema"] == DRAFT
        Draft202012Validator.check_schema(schema)
        assert schema["description"]
        assert all(part["description"] for part in schema["$defs"].values())


def test_the_written_documents_are_valid_and_read_back(predicted, project):
    document = json.loads((predicted / "prediction.json").read_text(encoding="utf-8"))
    prediction = Prediction.from_json(document)
    assert prediction.to_json() == document
    assert prediction.network.demonstration
    written = {
        "prediction": predicted / "prediction.json",
        "result-job": predicted / "job.json",
        "result-inputs": predicted / "inputs.json",
        **{f"manifest {name}": project / "Resources" / "Models" / name / "manifest.json"
           for name in ("published-pet-clinical", "demo-network")},
    }  # fmt: skip
    for name, path in written.items():
        content = json.loads(path.read_text(encoding="utf-8"))
        kind = DOCUMENTS[name.split()[0]]
        Draft202012Validator(schema_of(kind)).validate(content)
        assert read(kind, plain(read(kind, content))) == read(kind, content)


@pytest.mark.parametrize("name", ["published-pet-clinical", "demo-network"])
def test_a_manifest_loses_nothing(project, name):
    content = json.loads((project / "Resources" / "Models" / name / "manifest.json").read_text(encoding="utf-8"))
    assert plain(read(Manifest, content)) == content


def former(project, name: str) -> Any:
    return json.loads((project / "Testing" / "data" / "former" / name).read_text(encoding="utf-8"))


def test_a_prediction_of_schema_1_is_read(project):
    document = former(project, "prediction-1.json")
    prediction = Prediction.from_json(document)
    said = document.pop("demonstration")
    assert plain(prediction.network) == said
    assert prediction.network.demonstration
    written = prediction.to_json()
    assert {**document, "schema": 2} == {key: value for key, value in written.items() if key != "network"}
    Draft202012Validator(schema_of(Prediction)).validate(written)


def test_a_manifest_of_schema_1_is_read(project):
    manifest = read(Manifest, former(project, "manifest-1.json"))
    assert evidence_of(manifest) is DEMONSTRATION
    assert manifest.metrics[0].task == "EGFR"


def test_the_job_of_a_former_result_is_read(project, tmp_path):
    (tmp_path / "job.json").write_text(json.dumps(former(project, "job-1.json")), encoding="utf-8")
    job = read_origin(tmp_path)
    assert (job.command, job.arguments["pet"], job.arguments["model"][0]) == ("predict", "/study/pet", "published-pet-clinical")


def test_reading_imports_nothing_heavy():
    code = (
        "import sys, dmdp.prediction.document, dmdp.bundles.manifest, dmdp.results.layout; "
        "print({'scipy', 'SimpleITK', 'pydicom', 'torch', 'jinja2', 'jsonschema'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
