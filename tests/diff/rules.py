"""The intended differences, each by the row of docs/fastapi-differences.md that tells it to users.

Rules of whole answers look at both. Rules of entries tell for one entry of a 422, ours or theirs, whether its row is
about it and its field, so that one answer may differ for several reasons; all other entries must be equal.
"""
import json
import re
import unicodedata

CONSTANT = re.compile(r"NaN|-?Infinity")
SURROGATE = re.compile(rb"\\ud[89a-f]|\xed[\xa0-\xbf]", re.IGNORECASE)
DOTS = re.compile(rb"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
BIG = re.compile(rb"\d{19}")
HUGE = re.compile(rb"\d[eE]\+?\d{3}")


def entries(answer):
    """Of a 422."""
    detail = answer.detail() if answer.status == 422 else None
    return detail if isinstance(detail, list) else []


def is_utf8(body):
    try:
        body.decode()
        return True
    except UnicodeDecodeError:
        return False


def unordered(value):
    """With lists sorted."""
    if isinstance(value, dict):
        return {name: unordered(one) for name, one in value.items()}
    return sorted(map(unordered, value), key=json.dumps) if isinstance(value, list) else value


# Rules of whole answers: (request, ours, theirs) -> whether the row explains them.


def is_strict_json(request, ours, _):
    """Ours stops at the constant, wherever it stands."""
    mine = entries(ours)
    if not mine or mine[0]["type"] != "json_invalid":
        return False
    return bool(CONSTANT.match(request.body.decode("utf-8-sig", "surrogatepass"), mine[0]["loc"][1]))


def is_surrogate(request, ours, _):
    return ours.status == 400 and bool(SURROGATE.search(request.body))


def is_trailing_comma(_, ours, theirs):
    """Ours stops at the end behind the comma, Python from 3.13 on at the comma."""
    mine, wanted = entries(ours), entries(theirs)
    return [one["type"] for one in mine + wanted] == ["json_invalid"] * 2 and (
        wanted[0]["ctx"]["error"].startswith("Illegal trailing comma") and mine[0]["loc"][1] > wanted[0]["loc"][1])


def is_wide(request, ours, _):
    """Python takes text with NULs at its begin for UTF-16 or UTF-32."""
    return ours.status == 400 and (b"\0" in request.body[:4] or request.body[:2] in (b"\xff\xfe", b"\xfe\xff"))


def is_infinite(request, ours, theirs):
    return theirs.status == 500 and ours.status == 422 and bool(HUGE.search(request.body))


def is_no_text(request, ours, theirs):
    return theirs.status == 500 and ours.status == 422 and not is_utf8(request.body)


def without_infinite(value):
    """With null for numbers that only text can say."""
    if isinstance(value, dict):
        return {name: without_infinite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_infinite(one) for one in value]
    return None if isinstance(value, str) and HUGE.search(value.encode()) else value


def is_any_infinite(_, ours, theirs):
    return ours.status == theirs.status == 200 and without_infinite(ours.value) == without_infinite(theirs.value)


def is_mapped_address(_, ours, theirs):
    texts = [json.dumps(answer.value) for answer in (ours, theirs)]
    return ours.status == theirs.status == 200 and "::ffff:1.2.3.4" in texts[1] and (
        texts[0] == texts[1].replace("::ffff:1.2.3.4", "::ffff:102:304"))


def is_set_order(_, ours, theirs):
    return ours.status == theirs.status == 200 and unordered(ours.value) == unordered(theirs.value)


def is_newline_in_path(request, _, theirs):
    return b"%0a" in request.target.partition(b"?")[0].lower() and theirs.status in (200, 404)


def is_too_much(_, ours, theirs):
    mine = entries(ours)
    return len(mine) == 101 and mine[-1]["type"] == "too_many_errors" and mine[:-1] == entries(theirs)[:100]


def is_composed_email(request, ours, theirs):
    return ("k_email" in request.route or b"mail=" in request.target) and ours.status == theirs.status == 200 and (
        unicodedata.normalize("NFC", json.dumps(ours.value, ensure_ascii=False)) ==
        json.dumps(theirs.value, ensure_ascii=False))


def is_dot_segment(request, _, __):
    return bool(DOTS.search(request.target.partition(b"?")[0]))


def is_own_answer(request, ours, theirs):
    """The only model whose checks make values that it would refuse."""
    return request.route == "POST /body/v_int_even" and (ours.status, theirs.status) == (500, 200)


def is_big_integer_of_union(request, ours, theirs):
    """Another variant fits then; and addresses may be numbers."""
    is_address = "ipv6" in request.route and (ours.status, theirs.status) == (422, 200)
    return (is_address or ours.status == theirs.status == 200) and bool(BIG.search(request.body))


ANSWERS = {
    "`NaN`, `Infinity` accepted by the parser; a 422 that echoes them becomes 500": is_strict_json,
    "`Illegal trailing comma` in JSON, with Python 3.13 and later": is_trailing_comma,
    "bodies in UTF-16 and UTF-32 accepted": is_wide,
    "lone surrogate escapes accepted; echoing them is 500": is_surrogate,
    "`1e400` echoed as a number (500)": is_infinite,
    "a 422 that echoes bytes that are not UTF-8 is 500": is_no_text,
    "`1e400` in a value of any type is answered as `null`": is_any_infinite,
    "an IPv4 address in an IPv6 one is printed as such, with Python 3.13 and later": is_mapped_address,
    "`.` and `..` in a path are segments like others": is_dot_segment,
    "a set is answered in the order of Python's hashes": is_set_order,
    "a newline in `{rest:path}`: dropped at its end, 404 elsewhere": is_newline_in_path,
    "the part before the @ of an e-mail is put into NFC": is_composed_email,
    "integers of any size": is_big_integer_of_union,
    "every error and its whole input echoed": is_too_much,
    "a model instance is answered even if it breaks its own model": is_own_answer,
}


# Rules of entries: (entry, the other's entry of the same place, whether it is ours) -> whether the row explains it.


def is_big_integer(one, other, is_ours):
    return is_ours and one["type"] == "int_parsing_size" != (other or {}).get("type")


def is_finite(one, _, is_ours):
    return is_ours and one["type"] == "finite_number"


def is_minus_behind_zeros(one, _, is_ours):
    return is_ours and one["type"] == "int_parsing" and (
        isinstance(one["input"], str) and bool(re.match(r"\s*\+?[0_]+-\d", one["input"])))


def is_cut(one, other, is_ours):
    return is_ours and isinstance(one["input"], str) and len(one["input"].encode()) > 4000 and (
        {**one, "input": 0} == {**(other or {}), "input": 0})


def is_big_text_of_enum(one, other, is_ours):
    return is_ours and one["type"] == "int_parsing_size" == (other or {}).get("type") and (
        isinstance(one["input"], str) and isinstance(other["input"], int))


def is_year_zero(one, other, is_ours):
    return is_ours and (one.get("ctx") or {}).get("error") == "year 0 is out of range" and other is not None


def is_odd_tag(one, other, is_ours):
    return is_ours and one["type"] == "union_tag_invalid" == (other or {}).get("type") and (
        one["ctx"]["tag"][:1] in [*"[{0123456789-"])


def is_foreign_host(one, _, is_ours):
    text = one["input"]
    is_foreign = isinstance(text, str) and (not text.isascii() or "xn--" in text.lower())
    return is_foreign and (one["type"] == "url_parsing" or "email address" in one["msg"])


def is_upload_input(one, other, is_ours):
    return not is_ours and "_max_mem_size" in json.dumps(one["input"]) and (
        {**one, "input": 0} == {**(other or {}), "input": 0})


ENTRIES = {
    "integers of any size": is_big_integer,
    "floats may be NaN and infinite (`\"nan\"`, `1e400`), and are answered as `null`": is_finite,
    "an integer in a text may have zeros before its minus (`0-1`)": is_minus_behind_zeros,
    "every error and its whole input echoed": is_cut,
    "a text that is an integer beyond 64 bits, for an enum of integers: `input` is the integer": is_big_text_of_enum,
    "what a date in year 0 should rather be (future, with a zone)": is_year_zero,
    "a tag of a union that is a list, an object or a small number is quoted as Python prints it": is_odd_tag,
    "hosts in other scripts (e-mail, URL) by all tables of Unicode; the reason quotes Python's `idna`": is_foreign_host,
    "a file where a form wants text: `input` is Python's object": is_upload_input,
}
RULES = {**ANSWERS, **ENTRIES}


def explained_fields(ours, theirs):
    """Where the fields are that rows explain, by row."""
    by_place = [{json.dumps(one["loc"]): one for one in entries(answer)} for answer in (ours, theirs)]
    found = {}
    for is_ours, mine, others in ((True, *by_place), (False, *by_place[::-1])):
        for place, one in mine.items():
            for row, rule in ENTRIES.items():
                if rule(one, others.get(place), is_ours):
                    found.setdefault(row, []).append(one["loc"][:2])
    return found


def row_of_entries(ours, theirs):
    """The first row that is needed; None when something is left. A check of the whole (loc ["body"]) runs, or not,
    as its fields are valid."""
    found = explained_fields(ours, theirs)
    fields = sum(found.values(), [])
    if not found or not {ours.status, theirs.status} <= {200, 422}:
        return None
    left = [[one for one in entries(answer) if one["loc"][:2] not in fields and len(one["loc"]) > 1]
            for answer in (ours, theirs)]
    return next(iter(found)) if left[0] == left[1] else None


def row_of(request, ours, theirs):
    """The row that tells of this difference; None: none does."""
    rows = (row for row, rule in ANSWERS.items() if rule(request, ours, theirs))
    return next(rows, None) or row_of_entries(ours, theirs)
