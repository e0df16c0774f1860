"""What setup.cfg cannot say: Pythons without the global lock have no wheels of orjson, and no marker knows them."""

from __future__ import annotations

import sysconfig

from setuptools import Distribution, setup


class WithoutCompiler(Distribution):
    """The package as setup.cfg has it, less what would have to be compiled here."""

    def parse_config_files(self, *arguments: object, **options: object) -> None:
        """Read setup.cfg."""
        super().parse_config_files(*arguments, **options)
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            self.install_requires = [one for one in self.install_requires if not one.startswith("orjson")]


setup(distclass=WithoutCompiler)
