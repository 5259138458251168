"""A kind of contract for import-linter: apps are entered by one module only."""

from collections.abc import Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """From outside a package of `container`, only its module `door` is imported.

    container: the package whose children are the apps. door: the module that may be imported from outside.
    plugged_in_by: the package that may also import the modules named in `plugs`, and what lies below them.
    """

    type_name = "doors"

    container = fields.StringField()
    door = fields.StringField()
    plugged_in_by = fields.StringField()
    plugs = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        entries = sorted(self._forbidden_entries(graph))
        return ContractCheck(kept=not entries, metadata={"entries": entries})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["entries"]:
            output.print_error(f"- {importer} -> {imported}", bold=False)

    def _forbidden_entries(self, graph: ImportGraph) -> Iterator[tuple[str, str]]:
        for app in graph.find_children(str(self.container)):
            for room in graph.find_descendants(app):
                for importer in graph.find_modules_that_directly_import(room):
                    if not self._may_enter(importer, app, room):
                        yield importer, room

    def _may_enter(self, importer: str, app: str, room: str) -> bool:
        if importer == app or importer.startswith(f"{app}."):
            return True
        name = room.removeprefix(f"{app}.").split(".")[0]
        plugs_in = importer.split(".", maxsplit=1)[0] == str(self.plugged_in_by)
        return room == f"{app}.{self.door}" or (plugs_in and name in self.plugs)  # type: ignore[operator]
