"""Pictures that tests send, and what is made of them."""

import base64
import io

from PIL import Image

from served import ROOT

FOLDER = ROOT / "examples" / "pictures"
SEVEN = (FOLDER / "digit-7.png").read_bytes()


def data_uri(data, kind="image/png"):
    """The picture as an address."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def slow():
    """Few bytes that take a while: 81 million grey pixels."""
    out = io.BytesIO()
    Image.new("L", (9000, 9000), 128).save(out, "PNG", compress_level=1)
    return out.getvalue()
