"""Label Studio itself shows, in a browser, images that it has only by signed links."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Response

from data.label_studio.client import LabelStudio
from data.label_studio.connect import connect
from data.label_studio.images import SIGNED_PATH, SignedUrls
from data.label_studio.sync import Sync
from data.signing import Signer, load_secret
from data.store import Store
from tests.data.label_studio.real_server import PERSON, TOKEN, RealLabelStudio

pytestmark = [pytest.mark.labelstudio, pytest.mark.process]
_LOAD_MS = 120_000  # its page is 20 MB of scripts on a busy machine


def test_a_person_who_labels_there_sees_the_figure(
    chromium: Browser, url: str, project: Store, label_studio: RealLabelStudio
) -> None:
    links = SignedUrls(project.images, Signer(load_secret(project.project)), url, 1)
    with LabelStudio(label_studio.url, TOKEN, timeout_s=60) as server:
        connected = connect(project, server, "Signed", links)
        assert Sync(project, server, connected, links).once().made > 0
    figure = project.reviews.figure("PMC1:F1")
    synced = project.syncs.synced(figure.id)
    assert synced is not None
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(_LOAD_MS)
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if SIGNED_PATH in answer.url else None)

    page.goto(f"{label_studio.url}/user/login/")
    page.fill("input[name=email]", PERSON)
    page.fill("input[name=password]", "a long password")
    page.click("button[type=submit]")
    page.wait_for_load_state("domcontentloaded")
    page.goto(f"{label_studio.url}/projects/{connected.project_id}/data?task={synced.task_id}")
    # as the editor holds it once it is drawn
    page.wait_for_function(
        "[...document.images].some((image) => image.src && image.naturalWidth === " + str(figure.image_wh[0]) + ")"
    )
    context.close()

    assert {answer.status for answer in answers} <= {200, 304}
    assert any(figure.image_sha256 in answer.url for answer in answers)
