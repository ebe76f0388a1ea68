"""The wrapper that keeps all laws and those that break one each are modules beside the tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
