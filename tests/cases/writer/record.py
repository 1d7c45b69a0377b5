"""Writes doubles.txt: the bits of a double and the text that pydantic gives it in JSON, for
tests/unit/base/test_writer.c. Recorded with pydantic_core 2.50.4."""

import pathlib
import random
import struct

from pydantic_core import to_json

random.seed(4)
values = [0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.3, 0.1 + 0.2, 2 / 3, 100.0, 123456.789, 1e9, 999999999.999999,
          1000000000.0, 0.00001, 0.000011, 9.99999e-6, 1e-6, 1e-7, 5e-324, 2.2250738585072014e-308,
          2.225073858507201e-308, 1.7976931348623157e308, 9007199254740991.0, 9007199254740993.0,
          999999999999999.9, 9999999999999998.0, 1e15, 1e16, 1e17, 1.5e16, 123456789012345680.0, 1e21, 1e22,
          1e23, 9.5e-5, 1.2345e-5, 0.0001, 4.35, 0.5361, 12.34, 8.41e21, 2.0**63, 2.0**64, 3.141592653589793]
values += [sign * 10.0**exponent for exponent in range(-30, 31) for sign in (1, -1)]
values += [random.choice((1, 3, 7)) * 2.0**exponent for exponent in range(-1074, 1020, 37)]
values += [round(random.uniform(-10**digits, 10**digits), decimals)
           for digits in range(8) for decimals in range(9) for _ in range(4)]
values += [struct.unpack("f", struct.pack("f", random.uniform(-1, 1)))[0] for _ in range(200)]
values += [random.uniform(0, 1) for _ in range(200)]
while len(values) < 1500:
    value = struct.unpack("d", random.randbytes(8))[0]
    if value - value == 0:
        values.append(value)

lines = [f"{struct.pack('>d', value).hex()} {to_json(value).decode()}\n" for value in values]
pathlib.Path(__file__).with_name("doubles.txt").write_text("".join(dict.fromkeys(lines)))
