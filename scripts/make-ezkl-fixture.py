"""Makes test/fixtures/ezkl with the real ezkl.

    python3.11 -m venv /tmp/ezkl && /tmp/ezkl/bin/pip install ezkl==21.0.3 onnx==1.23.2 numpy==2.4.6
    /tmp/ezkl/bin/python scripts/make-ezkl-fixture.py test/fixtures/ezkl

ezkl's randomness is not seeded: each run gives another SRS, other keys and other proofs, which is why every
file of the folder is replaced together. The SRS is generated here and its secret is known to nobody only as
far as one believes this machine: it is for tests alone.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import ezkl
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INPUT = [0.5, -0.25, 0.125, 0.75]
# Committed whole, so every choice below keeps the proving key small: 2^7 rows, scale 2^4, range checks of base 16.
LOG_ROWS = 7
# Poseidon needs more rows; of these runs only settings and proof are kept, which show the order of the public values.
LOG_ROWS_HASHED = 14


def write_model(path: Path) -> None:
    """Gemm 4-3, Relu, Gemm 3-2."""
    rng = np.random.default_rng(7)
    constants = {
        "w1": rng.uniform(-1, 1, (4, 3)),
        "b1": rng.uniform(-0.5, 0.5, 3),
        "w2": rng.uniform(-1, 1, (3, 2)),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w1", "b1"], ["z"]),
            helper.make_node("Relu", ["z"], ["a"]),
            helper.make_node("Gemm", ["a", "w2"], ["y"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


def run_args(inputs: str, outputs: str, params: str, log_rows: int) -> ezkl.PyRunArgs:
    args = ezkl.PyRunArgs()
    args.input_visibility, args.output_visibility, args.param_visibility = inputs, outputs, params
    args.input_scale = args.param_scale = 4
    args.logrows = log_rows
    args.num_inner_cols = 2
    args.lookup_range = (-32, 32)
    args.decomp_base, args.decomp_legs = 16, 3
    return args


async def prove(folder: Path, visibility: tuple[str, str, str], log_rows: int) -> None:
    """Every file of one circuit, in `folder`, which holds model.onnx and input.json."""
    at = lambda name: str(folder / name)
    assert ezkl.gen_settings(at("model.onnx"), at("settings.json"), py_run_args=run_args(*visibility, log_rows))
    assert ezkl.compile_circuit(at("model.onnx"), at("model.compiled"), at("settings.json"))
    ezkl.gen_srs(at("kzg.srs"), log_rows)
    assert ezkl.setup(at("model.compiled"), at("vk.key"), at("pk.key"), at("kzg.srs"))
    await ezkl.gen_witness(at("input.json"), at("model.compiled"), at("witness.json"), at("vk.key"), at("kzg.srs"))
    ezkl.prove(at("witness.json"), at("model.compiled"), at("pk.key"), at("proof.json"), "single", at("kzg.srs"))
    assert ezkl.verify(at("proof.json"), at("settings.json"), at("vk.key"), at("kzg.srs"), False)


def in_fresh_folder(visibility: tuple[str, str, str], log_rows: int, keep: dict[str, Path]) -> None:
    """Runs in a folder of its own and copies the files of `keep`, from name to destination."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder / "model.onnx")
        (folder / "input.json").write_text(json.dumps({"input_data": [INPUT]}) + "\n")
        asyncio.run(prove(folder, visibility, log_rows))
        for source, destination in keep.items():
            shutil.copyfile(folder / source, destination)


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    names = "model.onnx input.json settings.json model.compiled vk.key pk.key kzg.srs witness.json proof.json"
    in_fresh_folder(("public", "public", "fixed"), LOG_ROWS, {name: out / name for name in names.split()})
    # The same circuit's key of another setup: a wrong key that is otherwise right.
    in_fresh_folder(("public", "public", "fixed"), LOG_ROWS, {"vk.key": out / "other-vk.key", "kzg.srs": out / "other-kzg.srs"})
    for visibility, prefix in [
        (("hashed", "public", "fixed"), "hashed-input"),
        (("public", "public", "hashed"), "hashed-params"),
        (("public", "hashed", "hashed"), "hashed-params-output"),
    ]:
        keep = {name: out / f"{prefix}-{name}" for name in ("settings.json", "proof.json")}
        in_fresh_folder(visibility, LOG_ROWS_HASHED, keep)
    versions = "\n".join(f"{name} {version(name)}" for name in ("ezkl", "onnx", "numpy"))
    (out / "README.txt").write_text(
        f"""Made by scripts/make-ezkl-fixture.py, Python {sys.version.split()[0]}, with
{versions}

A Gemm 4-3, Relu, Gemm 3-2 model through ezkl: settings, compiled circuit, SRS (2^{LOG_ROWS} rows, generated
locally: for tests alone), keys, witness and proof; input and output public, parameters fixed.
other-vk.key, other-kzg.srs: key and SRS of a second, independent setup of the same circuit.
hashed-*: settings and proof of circuits with Poseidon-hashed tensors, for the order of the public values.
"""
    )


main()
