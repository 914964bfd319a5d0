"""A table by another template engine."""
from chameleon import PageTemplate

TABLE = PageTemplate(
    """<table xmlns:tal="http://xml.zope.org/namespaces/tal">
<tr tal:repeat="row python: options['table']"><td tal:repeat="c python: row.values()"><span tal:replace="c"/></td></tr>
</table>"""
)


def handler(req):
    table = [{letter: ord(letter) * row for letter in "abcdefghij"} for row in range(40)]
    return 200, {"content-type": "text/html"}, TABLE(options={"table": table})
