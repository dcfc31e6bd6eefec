"""The type library is what LibreOffice's own writer would have written."""

from __future__ import annotations

import base64

import pytest

from rebalance_xl.hosts.calc.types_rdb import Interface, Method, Service, write_types

# Written by unoidl-write of LibreOffice 7.4.7.2 from
#   module org { module example { interface XDemo {
#     any trimAmount([in] com::sun::star::beans::XPropertySet caller, [in] any values, [in] any targets);
#     sequence<sequence<any> > plan([in] any values); }; service Demo : XDemo; }; };
WRITTEN_BY_LIBREOFFICE = base64.b64decode(
    "VU5PSURM/wBQAQAAAQAAAAAqKiBDcmVhdGVkIGJ5IExpYnJlT2ZmaWNlIDcuNC43LjIgdW5vaWRsLXdyaXRlICoqACgRAAAAb3JnLmV4YW1w"
    "bGUuWERlbW8FAQAAABsAAABjb20uc3VuLnN0YXIudW5vLlhJbnRlcmZhY2UAAAAAAAAAAAIAAAAKAAAAdHJpbUFtb3VudAMAAABhbnkDAAAA"
    "AAYAAABjYWxsZXIfAAAAY29tLnN1bi5zdGFyLmJlYW5zLlhQcm9wZXJ0eVNldAAGAAAAdmFsdWVzlwAAgAAHAAAAdGFyZ2V0c5cAAIAAAAAA"
    "BAAAAHBsYW4HAAAAW11bXWFueQEAAAAA0QAAgJcAAIAAAAAARGVtbwBYRGVtbwAAAgAAABcBAABDAAAAHAEAAFkAAABleGFtcGxlAAABAAAA"
    "NwEAACIBAABvcmcATAEAAD8BAAA="
)
DEMO = Interface(
    "org.example.XDemo",
    [
        Method(
            "trimAmount",
            [("caller", "com.sun.star.beans.XPropertySet"), ("values", "any"), ("targets", "any")],
        ),
        Method("plan", [("values", "any")], "[][]any"),
    ],
)


def test_bytes_equal_those_of_libreoffice():
    """An interface and a service come out byte for byte as LibreOffice's writer makes them."""
    entities = [DEMO, Service("org.example.Demo", "org.example.XDemo")]
    assert write_types(entities, "Created by LibreOffice 7.4.7.2 unoidl-write") == WRITTEN_BY_LIBREOFFICE


def test_order_of_declaration_does_not_matter():
    """The registry is sorted by name, so that the same add-in always gives the same bytes."""
    service = Service("org.example.Demo", "org.example.XDemo")
    assert write_types([service, DEMO]) == write_types([DEMO, service])


@pytest.mark.parametrize("second", [DEMO, Service("org.example.XDemo.Inner", "org.example.XDemo")])
def test_a_name_stands_for_one_thing(second):
    """A second entity of the same name, or below a name that is no module, is refused."""
    with pytest.raises(ValueError, match="XDemo"):
        write_types([DEMO, second])
