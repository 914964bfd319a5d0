"""A page from a template, as web benchmarks have it."""
from jinja2 import Template

PAGE = Template(
    """<!doctype html><title>{{ title }}</title>
<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"""
)


def handler(req):
    size = int(req.query.get("size", "40"))
    rows = [[(row * 31 + column * 17) % 97 for column in range(size)] for row in range(size)]
    return 200, {"content-type": "text/html; charset=utf-8"}, PAGE.render(title=f"{size} <rows>", rows=rows)
