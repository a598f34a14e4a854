"""Laws of the README: the Python it shows runs as it stands."""
import re

from conftest import SOURCE


def test_the_ten_lines_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (SOURCE / "README.md").read_text(), re.DOTALL)
    code = code.replace('"experiments/', f'"{SOURCE}/experiments/')
    quick = code.replace('"workload.rate_per_s": 20', '"workload.rate_per_s": 1')
    assert quick != code, "the example no longer sets the rate that this test lowers"
    exec(compile(quick, "README.md", "exec"), {})
    assert (tmp_path / "timeline.png").stat().st_size > 10_000
    assert re.search(r"^[0-9a-f]{32}$", capsys.readouterr().out, re.MULTILINE)
