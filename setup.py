"""Builds the one native extension, `mvcc._native._core` (cffi API mode, abi3)."""

from setuptools import setup
from setuptools.command.build_ext import build_ext


class BuildExt(build_ext):
    """build_ext without the run paths that some Pythons put into every link command."""

    def build_extensions(self) -> None:
        for attribute in ("linker_so", "compiler_so"):
            command = getattr(self.compiler, attribute, None)
            if command is not None:
                kept = [
                    word for word in command if not word.startswith(("-Wl,-rpath", "-L", "-Wl,-R"))
                ]
                setattr(self.compiler, attribute, kept)
        super().build_extensions()


setup(
    cffi_modules=["csrc/build_cffi.py:ffi"],
    cmdclass={"build_ext": BuildExt},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
