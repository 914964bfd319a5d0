"""
Stands in for setuptools while pip downloads a source archive. Pip asks for the archive's metadata by
running its build script; this answers from the metadata that the archive brings, so that nothing of the
archive runs, and no unpinned setuptools is fetched to run it.
"""

import os
from email.parser import Parser


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as file:
        text = file.read()
    fields = Parser().parsestr(text, headersonly=True)
    folder = "{}-{}.dist-info".format(fields["Name"].replace("-", "_"), fields["Version"])
    os.mkdir(os.path.join(metadata_directory, folder))
    with open(os.path.join(metadata_directory, folder, "METADATA"), "w", encoding="utf-8") as file:
        file.write(text)
    return folder
