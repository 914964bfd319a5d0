"""Makes pip take wheels of its index only. `--only-binary` does not hold for what a package names by its address."""

import mimetypes
import os
from urllib.parse import unquote

from pip._internal.exceptions import InstallationError
from pip._internal.req import constructors
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement


def prepare():
    """Returns which files and folders pip is told to read."""
    original = constructors.install_req_from_req_string

    def install_req_from_req_string(wanted, comes_from=None, *rest, **named):
        if not names_address(wanted):
            return original(wanted, comes_from, *rest, **named)
        by = "a package" if comes_from is None else comes_from.name
        raise InstallationError(f"{by} requires {wanted}, and only packages of the index are installed")

    constructors.install_req_from_req_string = install_req_from_req_string
    # What these load, and remember, may lie where nothing can be read later.
    from pip._internal.commands import download, install  # noqa: F401
    from pip._internal.network.session import user_agent

    user_agent()
    mimetypes.init()
    return places()


def names_address(wanted):
    try:
        return Requirement(wanted).url is not None
    except InvalidRequirement:
        return False  # pip says so itself


def places():
    from pip._internal.configuration import Configuration, get_configuration_files

    files = [path for paths in get_configuration_files().values() for path in paths]
    named = [os.environ.get(name) for name in ("PIP_CONFIG_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")]
    configuration = Configuration(isolated=False)
    configuration.load()
    told = [path for text in strings(dict(configuration.items())) for path in text.split()]
    paths = [path[len("file://") :] if path.startswith("file://") else path for path in told]
    return [
        *(path for path in files if path),
        *(path for path in named if path),
        *(unquote(path) for path in paths if path.startswith("/")),
        os.path.expanduser("~/.netrc"),
    ]


def strings(value):
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    return [value] if isinstance(value, str) else []
