"""A product's images, which Shopify fetches by itself, and after the call has been answered.

Each is sent once, by its address. Images that people have added are left alone, and so is the order of all. One that
Shopify could not fetch is taken away again, so that it is sent anew with the product's next change.
"""

from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, urlsplit

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.ports.store_records import ProductField
from erpsync.systems.shopify.lists import unreadable
from erpsync.systems.shopify.product_kept import image_key
from erpsync.systems.shopify.product_work import ProductCalls, Work, words
from erpsync.systems.shopify.wire_products import Image, MediaInput

# A look at once, and some more for those that take a while: a worker is not to be held for long.
_LOOK_AFTER_SECONDS = (0.0, 1.0, 2.0, 4.0)
_IDS_PER_READ = 100
_FETCHED, _FAILED = "READY", "FAILED"
# Taken off or deleted meanwhile, as by an attempt whose reply was lost.
_NOT_THERE = frozenset({"FILE_DOES_NOT_EXIST", "REFERENCE_TARGET_DOES_NOT_EXIST"})


class Images:
    def __init__(self, calls: ProductCalls, pause: Callable[[float], None]) -> None:
        self._calls = calls
        self._pause = pause

    def to_send(self, work: Work) -> list[str]:
        """The addresses that the product does not have yet; one that is none is told."""
        if not work.owns(ProductField.IMAGES):
            return []
        new = [
            url for url in dict.fromkeys(work.draft.product.image_urls) if image_key(url) not in work.stored.kept.images
        ]
        usable = [url for url in new if _parts(url).scheme in ("http", "https")]
        work.notes += [
            f"The image {shown(url)} was left out: its address is not one of the web."
            for url in new
            if url not in usable
        ]
        return usable

    def detach_old(self, work: Work) -> None:
        """Takes erpsync's own images off the product that the ERP no longer has. The files stay among the store's."""
        kept = work.stored.kept.images
        wanted = {image_key(url) for url in work.draft.product.image_urls}
        if not wanted or not work.owns(ProductField.IMAGES):
            return
        for key, gid in [each for each in kept.items() if each[0] not in wanted]:
            why = self._detach(work, gid) if gid else "a lost reply would have told which it is"
            if why:
                work.notes.append(f"An image that the ERP no longer has is still there: {why}.")
            kept.pop(key)

    def _detach(self, work: Work, gid: str) -> str:
        """Why the image is still on the product; empty where it is not."""
        files = [{"id": gid, "referencesToRemove": [work.stored.id]}]
        try:
            refusals = self._calls.send("DetachImages", "fileUpdate", {"files": files})[1]
        except Rejected as error:
            return error.problem.what.rstrip(".")
        return next((words(refusal) for refusal in refusals if refusal.code not in _NOT_THERE), "")

    def look(self, works: Sequence[Work]) -> None:
        """Tells what became of the images that were sent."""
        pending = {gid: (work, url) for work in works for url, gid in work.images.items()}
        failed: list[str] = []
        for seconds in _LOOK_AFTER_SECONDS if pending else ():
            if seconds:
                self._pause(seconds)
            for image in self._read(list(pending)):
                if image.status == _FAILED:
                    work, url = pending.pop(image.id)
                    why = ", ".join(error.code.lower().replace("_", " ") for error in image.errors) or "no reason given"
                    work.notes.append(f"The image {shown(url)} could not be fetched by Shopify ({why}).")
                    work.stored.kept.images.pop(image_key(url), None)
                    failed.append(image.id)
                elif image.status == _FETCHED:
                    pending.pop(image.id)
            if not pending:
                break
        for work, url in pending.values():
            work.notes.append(f"The image {shown(url)} is still being fetched by Shopify.")
        if failed:
            self._calls.send("DeleteImages", "fileDelete", {"ids": failed})

    def _read(self, gids: Sequence[str]) -> list[Image]:
        found: list[Image] = []
        for start in range(0, len(gids), _IDS_PER_READ):
            answer = self._calls.client.call("Images", {"ids": list(gids[start : start + _IDS_PER_READ])})
            try:
                found += [Image.model_validate(node) for node in answer.data.get("nodes") or [] if node]
            except ValidationError:
                raise unreadable("The images could not be read.") from None
        return found


def media_of(urls: Sequence[str], alt: str) -> list[MediaInput]:
    return [MediaInput(originalSource=url, alt=alt, mediaContentType="IMAGE") for url in urls]


def shown(url: str) -> str:
    """The address without what may be a password or a signature."""
    parts = _parts(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:120]


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "(unreadable)", "", "")
