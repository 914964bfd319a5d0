"""A picture made smaller and turned."""
import hashlib
import io

from PIL import Image, ImageFilter


def handler(req):
    picture = Image.new("RGB", (320, 240))
    picture.putdata([(x * 7 % 256, y * 5 % 256, (x * y) % 256) for y in range(240) for x in range(320)])
    small = picture.filter(ImageFilter.BLUR).rotate(90, expand=True).resize((60, 80))
    out = io.BytesIO()
    small.save(out, "PNG")
    again = Image.open(io.BytesIO(out.getvalue()))
    return {"size": again.size, "digest": hashlib.sha256(again.tobytes()).hexdigest()}
