"""Writes the type library (``types.rdb``) that Calc needs to call a Python add-in.

Calc finds the functions of an add-in by reflection: their interface has to be described in a registry in
the binary UNOIDL format. LibreOffice's own writer is part of its SDK, which users and build machines do
not have, so the few constructs that an add-in uses (modules, interfaces with methods, services based on one
interface) are written here, in the order in which ``unoidl-write`` writes them: the bytes are equal.

Source: the specification in LibreOffice's ``unoidl/README.md``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Interface", "Method", "Service", "write_types"]

_MAGIC = b"UNOIDL\xff\x00"
_KIND_MODULE, _KIND_INTERFACE, _KIND_SERVICE = 0, 5, 8
_FLAG_DEFAULT_CONSTRUCTOR = 0x20
_IN = b"\x00"
_ALREADY_WRITTEN = 0x80000000


@dataclass(frozen=True)
class Method:
    """One method of an interface.

    Parameters
    ----------
    name : str
        The UNO identifier.
    parameters : sequence of (str, str)
        Name and UNOIDL type of each parameter (``any``, ``double``, ``[][]any``, a full interface name);
        all are passed in.
    result : str
        UNOIDL type of what is returned.
    """

    name: str
    parameters: Sequence[tuple[str, str]]
    result: str = "any"


@dataclass(frozen=True)
class Interface:
    """An interface type: its full dotted name, and its methods in order."""

    name: str
    methods: Sequence[Method]
    base: str = "com.sun.star.uno.XInterface"


@dataclass(frozen=True)
class Service:
    """A service based on one interface, made by its default constructor."""

    name: str
    interface: str


Entity = Interface | Service
_Tree = dict[str, "Entity | _Tree"]


def write_types(entities: Sequence[Entity], created_by: str = "") -> bytes:
    """Return the bytes of a registry that holds these entities.

    Parameters
    ----------
    entities : sequence of Interface or Service
        What to describe; their dotted names give the modules.
    created_by : str
        A remark for whoever looks into the file; it has no meaning for LibreOffice.

    Returns
    -------
    bytes
        A complete ``types.rdb``.

    Raises
    ------
    ValueError
        When two entities have the same name, or one name is used for a module and for an entity.

    Examples
    --------
    >>> write_types([Interface("org.example.XAdd", [Method("add", [("a", "double"), ("b", "any")])])])[:6]
    b'UNOIDL'
    """
    root: _Tree = {}
    for entity in entities:
        *modules, last = entity.name.split(".")
        branch = root
        for module in modules:
            below = branch.setdefault(module, {})
            if not isinstance(below, dict):
                raise ValueError(f"{entity.name}: {module} is already an entity, not a module")
            branch = below
        if last in branch:
            raise ValueError(f"{entity.name} is declared twice")
        branch[last] = entity
    return _Writer().file(root, created_by)


@dataclass
class _Writer:
    """A single pass from the leaves up: the map of a module stands behind all that it points at."""

    out: bytearray = field(default_factory=bytearray)
    strings: dict[str, int] = field(default_factory=dict)

    def file(self, root: _Tree, created_by: str) -> bytes:
        self.out += _MAGIC + bytes(8)
        if created_by:
            self.out += b"\x00** " + created_by.encode("ascii") + b" **\x00"
        entries = self._children(root)
        struct.pack_into("<II", self.out, len(_MAGIC), len(self.out), len(entries))
        self._map(entries)
        return bytes(self.out)

    def _children(self, branch: Mapping[str, Entity | _Tree]) -> list[tuple[int, int]]:
        names = sorted(branch)
        payloads = [self._payload(branch[name]) for name in names]
        places = []
        for name in names:
            places.append(len(self.out))
            self.out += name.encode("ascii") + b"\x00"
        return list(zip(places, payloads, strict=True))

    def _payload(self, entity: Entity | _Tree) -> int:
        if isinstance(entity, dict):
            entries = self._children(entity)
            start = len(self.out)
            self.out.append(_KIND_MODULE)
            self._number(len(entries))
            self._map(entries)
            return start
        start = len(self.out)
        if isinstance(entity, Interface):
            self._interface(entity)
        else:
            self.out.append(_KIND_SERVICE | _FLAG_DEFAULT_CONSTRUCTOR)
            self._text(entity.interface)
        return start

    def _interface(self, interface: Interface) -> None:
        self.out.append(_KIND_INTERFACE)
        self._number(1)
        self._text(interface.base)
        self._number(0)  # optional bases
        self._number(0)  # attributes
        self._number(len(interface.methods))
        for method in interface.methods:
            self._text(method.name)
            self._text(method.result)
            self._number(len(method.parameters))
            for name, kind in method.parameters:
                self.out += _IN
                self._text(name)
                self._text(kind)
            self._number(0)  # exceptions

    def _map(self, entries: Sequence[tuple[int, int]]) -> None:
        for name, payload in entries:
            self._number(name)
            self._number(payload)

    def _text(self, text: str) -> None:
        if text in self.strings:
            self._number(self.strings[text] | _ALREADY_WRITTEN)
            return
        self.strings[text] = len(self.out)
        self._number(len(text))
        self.out += text.encode("ascii")

    def _number(self, value: int) -> None:
        self.out += struct.pack("<I", value)
