"""What a build says of itself; the build writes the file."""
from typing import Dict

VERSION: str
COMPILER: str
BUILD_TYPE: str
SOURCE_HASH: str
WORLDS: Dict[str, str]
