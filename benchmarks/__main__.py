"""Run every benchmark of this directory, or only the named ones: ``python benchmarks [NAME ...]``."""

import runpy
import sys
from pathlib import Path

here = Path(__file__).parent
known = {path.stem.removeprefix("bench_"): path for path in sorted(here.glob("bench_*.py"))}
wanted = sys.argv[1:] or list(known)
unknown = [name for name in wanted if name not in known]
if unknown or not known:
    names = ", ".join(known) or "none"
    sys.exit(f"no benchmark named {', '.join(unknown) or 'bench_*.py'}, expected one of: {names}")
for name in wanted:
    print(f"== {name}")
    sys.argv = [str(known[name])]
    runpy.run_path(str(known[name]), run_name="__main__")
