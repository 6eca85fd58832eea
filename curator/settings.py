"""Settings: read once from the project's ``curator.toml``, what forms saved, and the environment, then passed down."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from curator.addresses import Reach, checked_allowed, checked_proxy, host_and_port
from curator.codec import adapter, faults_of
from curator.errors import SettingsError

FILE_NAME = "curator.toml"
FORM_SECTIONS = ("model", "label_studio")
"""Sections that the page has a form for: what it saved stands in a file such as ``model.toml``, apart from the file
that people write, and readable by the owner alone, since it may hold a key."""
_PREFIX = "CURATOR_"


def _listed(value: Any) -> Any:
    return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Several words; in a variable of the environment with commas between."""


@dataclass(frozen=True, slots=True)
class MiningSettings:
    """How marker-guided and text-guided regions are fused (Panel2Patch, stage II); shares of the panel's diagonal."""

    tau: Annotated[float, Field(ge=0, le=1)] = 0.15
    """A text box is kept when its centre lies this near to a marker's. The paper gives no value; guess."""
    dilation: Annotated[float, Field(gt=0, le=1)] = 0.08
    """Half side of the window around a marker without a text box. Guess."""
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Regions that overlap more are one. The usual threshold."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which vision-language model proposes, and how it is asked."""

    provider: str = "openai"
    """openai (any server that speaks its protocol), transformers (local weights), or a plug-in's name."""
    base_url: str = ""
    """Address of the server's API, such as http://localhost:8000/v1; empty: the provider's own."""
    model: str = ""
    """Name of the model as the server lists it; a folder or hub name for local weights."""
    api_key: str = field(default="", repr=False)
    """Better set as CURATOR_MODEL_API_KEY than written down."""
    coordinates: str = ""
    """How the model counts boxes (see docs/models.md); empty: told by the model's name."""
    structured: Literal["auto", "schema", "prompt"] = "auto"
    """Whether the server can hold the model to a JSON schema; auto: tried once, then remembered."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.2
    """Guess: samples must differ a little, boxes must not wander."""
    max_reply_tokens: Annotated[int, Field(gt=0)] = 4096
    """Guess: 60 panels of 40 tokens fit; a model that repeats itself is cut here."""
    max_side_px: Annotated[int, Field(ge=224)] = 1568
    """Longer side of a picture as sent; larger ones are scaled down. Guess: letters of 20 px stay legible."""
    timeout_s: Annotated[float, Field(gt=0)] = 180.0
    retries: Annotated[int, Field(ge=0, le=10)] = 4
    """Times that a request is sent again after 429, 5xx or a time-out."""
    in_flight: Annotated[int, Field(ge=1, le=256)] = 8
    """Requests at the same time."""
    max_requests: Annotated[int, Field(ge=0)] = 0
    """Budget of one run; 0: no limit."""
    max_tokens: Annotated[int, Field(ge=0)] = 0
    """Budget of one run, in and out together; 0: no limit."""
    max_cost: Annotated[float, Field(ge=0)] = 0.0
    """Budget of one run in the currency of the prices; 0: no limit."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million tokens sent."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million tokens received."""
    reach: Reach = field(default_factory=Reach, repr=False)
    """Where ``base_url`` may lead; set by the section [network], never by this one."""


@dataclass(frozen=True, slots=True)
class PromptingSettings:
    """How a vision-language model is led through a figure (Panel2Patch, stages I and II)."""

    variant: Literal["marks", "letters"] = "marks"
    """marks: candidates are drawn as numbers and judged; letters: the paper's own, boxes are asked for directly."""
    views: Annotated[int, Field(ge=1, le=16)] = 3
    """Scales and crops that a figure is shown in; their answers are pooled. Guess."""
    marks_a_view: Annotated[int, Field(ge=1)] = 5
    """Numbers drawn at a time on dense figures (Set-of-Mark shows about five)."""
    examples: Annotated[int, Field(ge=0, le=8)] = 2
    """Verified figures of the project that are shown as examples, where there are some. Guess."""
    caption: bool = True
    """Whether the model too assigns the caption's units."""
    regions: bool = True
    """Whether stage II is run."""
    texts: bool = True
    """Whether summaries, findings and negatives are written (RegionMed-CLIP)."""
    seed: int = 0
    """Of the random scales and crops."""


@dataclass(frozen=True, slots=True)
class SegmentSettings:
    """Which Segment Anything model turns clicks into boxes."""

    sam_checkpoint: str = ""
    """A checkpoint of the segment-anything package, or a folder of Sam or Sam2 weights; empty: the small one that
    set-up fetched, else OpenCV."""
    sam_type: Literal["", "vit_b", "vit_l", "vit_h"] = ""
    """Size of the checkpoint; empty: told by its name."""


@dataclass(frozen=True, slots=True)
class PmcSettings:
    """Where articles are fetched from, and how politely."""

    base_url: str = "https://pmc-oa-opendata.s3.amazonaws.com"
    """The PMC Cloud Service, or a mirror of it."""
    requests_per_s: Annotated[float, Field(gt=0, le=10)] = 3.0
    """NCBI asks for at most 3."""
    contact: str = ""
    """An e-mail address for the User-Agent, so that NCBI can write before it blocks."""
    allow_retracted: bool = False


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """What an image may be at most."""

    max_pixels: Annotated[int, Field(gt=0)] = 200_000_000


@dataclass(frozen=True, slots=True)
class LabelStudioSettings:
    """Which Label Studio project `curator sync` keeps in step with this one."""

    url: str = ""
    """Address of the server, such as http://localhost:8080; empty: none."""
    project: str = ""
    """Id or title of the project there; one with the title is made where there is none. Empty: "Curator"."""
    api_key: str = field(default="", repr=False)
    """Only as CURATOR_LABEL_STUDIO_API_KEY, never in curator.toml: a personal access token or a legacy token. Without
    it the file label_studio.key of the project is read, which its owner alone may read (mode 600)."""
    image_root: str = ""
    """The folder that Label Studio serves local files from (its LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT), as this
    machine sees it; it must hold the project's folder. Empty: the folder that the project's folder is in."""
    image_root_there: str = ""
    """The same folder as Label Studio sees it, where that differs (in a container); empty: the same."""
    images: Literal["local", "signed"] = "local"
    """How images get there: local: Label Studio reads the project's folder by its local-file storage; signed: tasks
    hold links to this app that are signed and expire, which needs public_url and a server (`curator serve`)."""
    public_url: str = ""
    """Address under which Label Studio, and the browsers of those who label there, reach this app, such as
    https://curator.lab.org."""
    image_url: str = ""
    """The address for these browsers, where they reach this app by another one than Label Studio itself does (both in
    containers); empty: public_url."""
    image_days: Annotated[float, Field(ge=0.01, le=3650)] = 30.0
    """Days that a signed link is valid at most; syncing replaces it when less than half is left. Guess: who syncs once
    a fortnight loses none."""
    timeout_s: Annotated[float, Field(gt=0)] = 30.0
    retries: Annotated[int, Field(ge=0, le=10)] = 4
    """Times that a request is sent again after 429, 5xx or a time-out. What makes something new is never sent blindly
    again: first it is looked for."""
    poll_s: Annotated[float, Field(ge=1)] = 15.0
    """Pause between two rounds of `curator sync --watch`. Guess."""
    reach: Reach = field(default_factory=Reach, repr=False)
    """Where ``url`` may lead; set by the section [network], never by this one."""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Which servers may be asked that are not on the public internet."""

    private_addresses: Literal["auto", "allow", "refuse"] = "auto"
    """Whether addresses of this machine and its network may be given to the page as a server's: auto: as long as the
    project has no users, since then whoever gives one sits at the machine (in a shell always)."""
    allowed: Listed = ()
    """Those that may be all the same: "vllm.lab", "vllm.lab:8000", "10.0.0.7", "10.0.0.0/24". What curator.toml or the
    environment gives as a server's address is among them without being repeated."""
    proxy: str = field(default="", repr=False)
    """Proxy through which public addresses are asked, such as http://proxy.lab:3128; what allowed names is asked
    directly. Empty: none, but where private addresses are allowed, those that HTTPS_PROXY and HTTP_PROXY name. With a
    login in it (http://NAME:PASSWORD@...) only as CURATOR_NETWORK_PROXY. What it can reach: docs/security.md."""

    def reach(self, has_users: bool) -> Reach:
        """What holds for the page of a project with or without users."""
        anywhere = self.private_addresses == "allow" or (self.private_addresses == "auto" and not has_users)
        return Reach(anywhere, self.allowed, self.proxy)


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Logging in with the accounts of an OpenID Connect provider, beside passwords."""

    issuer: str = ""
    """Address of the provider, such as https://login.example.org/realms/lab; empty: passwords alone."""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    """Only as CURATOR_OIDC_CLIENT_SECRET, never in curator.toml. Without it the file oidc.secret of the project is
    read, which its owner alone may read (mode 600); without either the client is a public one."""
    title: str = "single sign-on"
    """What the button of the login page says after "Sign in with"."""
    public_url: str = ""
    """Address of Curator as browsers see it, such as https://curator.example.org; empty: told by each request."""
    scopes: str = "openid profile email"
    name_claim: str = "preferred_username"
    """Claim that a new user's name is made of. Known users are told by issuer and subject, whatever they are called."""
    roles_claim: str = ""
    """Claim with the person's groups or roles, such as "groups" or "realm_access.roles"; empty: roles are set here."""
    roles: dict[str, Literal["curator", "reviewer", "admin"]] = field(default_factory=dict)
    """Which role each value of ``roles_claim`` gives; the highest counts, at each login."""
    new_users: Literal["", "curator", "reviewer", "admin"] = ""
    """Role of persons who log in for the first time, where ``roles_claim`` says none; empty: only users whom an admin
    has linked (`curator users link`), and those to whom ``roles`` gives a role."""
    allowed_domains: Listed = ()
    """Domains of verified e-mail addresses that may log in; none: all."""
    allowed_groups: Listed = ()
    """Values of ``roles_claim`` of which a person must have one; none: all."""
    end_session: bool = False
    """Whether who logged in through the provider and logs out of Curator is led on to log out there too, which ends the
    login for all else that uses it. PUBLIC_URL/login must be registered there as a post-logout redirect address."""
    timeout_s: Annotated[float, Field(gt=0)] = 10.0


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How `curator serve` and `curator ui` stand among other servers."""

    trusted_proxies: Listed = ("127.0.0.1", "::1")
    """Addresses and networks ("172.18.0.0/16") of proxies: only from these are X-Forwarded-For and X-Forwarded-Proto
    believed."""
    stop_s: Annotated[int, Field(ge=1, le=3600)] = 20
    """Seconds that requests, mining and synchronising under way have when `curator serve` is asked to end. Guess: a
    page's requests take less; below the 90 of systemd."""
    min_free_mb: Annotated[int, Field(ge=0)] = 200
    """Room on the project's disk below which /readyz says that it is not ready. Guess: a day of decisions and their
    backups."""


@dataclass(frozen=True, slots=True)
class Settings:
    mining: MiningSettings = field(default_factory=MiningSettings)
    pmc: PmcSettings = field(default_factory=PmcSettings)
    images: ImageSettings = field(default_factory=ImageSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    prompting: PromptingSettings = field(default_factory=PromptingSettings)
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    label_studio: LabelStudioSettings = field(default_factory=LabelStudioSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    oidc: OidcSettings = field(default_factory=OidcSettings)
    serve: ServeSettings = field(default_factory=ServeSettings)


_ADDRESSES = (("model", "base_url"), ("pmc", "base_url"), ("label_studio", "url"), ("oidc", "issuer"))


def load_settings(project: Path, environ: Mapping[str, str], *, has_users: bool = False) -> Settings:
    """Defaults, then ``curator.toml`` of the project, then what forms saved (``model.toml``, ``label_studio.toml``),
    then variables such as ``CURATOR_PMC_CONTACT``.

    ``has_users``: whether it is the page of a project with users that reads them; see ``NetworkSettings``.

    Raises:
        SettingsError: an unknown section or key, a value out of range, or a file that is no TOML.
    """
    sections = _read(project / FILE_NAME)
    named = _named(sections) | _named({section: _in_environment(section, environ) for section, _ in _ADDRESSES})
    in_forms = {section: fields for section in FORM_SECTIONS if (fields := load_form(project, section))}
    for section, fields in in_forms.items():
        sections[section] = {**sections.get(section, {}), **fields}
    if "api_key" in sections.get("label_studio", {}):
        raise SettingsError(
            f"{project / FILE_NAME} has a key of Label Studio, which others may read; delete api_key from it and set "
            "CURATOR_LABEL_STUDIO_API_KEY instead"
        )
    if "client_secret" in sections.get("oidc", {}):
        raise SettingsError(
            f"{project / FILE_NAME} has the secret of [oidc], which others may read; delete client_secret from it "
            "and set CURATOR_OIDC_CLIENT_SECRET instead"
        )
    if "@" in str(sections.get("network", {}).get("proxy", "")):
        raise SettingsError(
            f"{project / FILE_NAME} has the login of a proxy, which others may read; delete proxy of [network] from it "
            "and set CURATOR_NETWORK_PROXY instead"
        )
    for section in ("model", "label_studio"):
        if "reach" in sections.get(section, {}):
            raise SettingsError(f"[{section}] has 'reach'; which addresses may be asked says [network]")
    for section in Settings.__dataclass_fields__:
        for name, value in _in_environment(section, environ).items():
            sections.setdefault(section, {})[name] = value
    for kind in (
        MiningSettings,
        PmcSettings,
        ImageSettings,
        ModelSettings,
        PromptingSettings,
        SegmentSettings,
        LabelStudioSettings,
        NetworkSettings,
        OidcSettings,
        ServeSettings,
    ):
        adapter(kind)  # so that the nested ones refuse unknown keys too
    try:
        settings: Settings = adapter(Settings).validate_python(sections)
    except ValidationError as error:
        files = ", ".join(map(str, [project / FILE_NAME, *(form_file(project, section) for section in in_forms)]))
        raise SettingsError(
            f"settings in {files} or the environment are wrong: {faults_of(error)}; see docs/settings.md"
        ) from error
    checked_allowed(settings.network.allowed)
    checked_proxy(settings.network.proxy)
    network = replace(settings.network, allowed=(*settings.network.allowed, *sorted(named)))
    reach = network.reach(has_users)
    model, label_studio = replace(settings.model, reach=reach), replace(settings.label_studio, reach=reach)
    return replace(settings, network=network, model=model, label_studio=label_studio)


def _named(sections: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Servers that people who can write the project's files, or its environment, have given the addresses of."""
    given = ((sections.get(section), key) for section, key in _ADDRESSES)
    urls = (str(fields.get(key, "")) for fields, key in given if isinstance(fields, dict))
    return {server for url in urls if (server := host_and_port(url))}


def form_variables(section: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Fields of the section that the environment sets, whatever the files say, and the variable that does."""
    return {name: f"{_PREFIX}{section.upper()}_{name.upper()}" for name in _in_environment(section, environ)}


def form_file(project: Path, section: str) -> Path:
    """Where the form of the section keeps what it saved."""
    return project / f"{section}.toml"


def load_form(project: Path, section: str) -> dict[str, Any]:
    """What the form of the section saved; empty where it never did.

    Raises:
        SettingsError: the file is no TOML or has anything beside the section.
    """
    path = form_file(project, section)
    sections = _read(path)
    if set(sections) - {section} or not isinstance(sections.get(section, {}), dict):
        raise SettingsError(
            f"{path} has {sorted(sections)!r}; expected only the section [{section}]: "
            f"other settings belong into {FILE_NAME}"
        )
    return sections.get(section, {})


def save_form(project: Path, section: str, fields: Mapping[str, str | int | float]) -> None:
    """Writes the form's file in place of the former; a reader finds the old or the new one, never half of it."""
    lines = [
        "# Written by the form of the page; overrides curator.toml, and is overridden by the environment.",
        f"[{section}]",
    ]
    lines += [f"{name} = {_toml(value)}" for name, value in fields.items()]
    write_private(form_file(project, section), "\n".join(lines) + "\n")


def write_private(path: Path, text: str) -> None:
    """Writes a file that its owner alone may read in place of the former one, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)  # left by a process that was killed
    with open(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _toml(value: str | int | float) -> str:
    # a basic string of TOML is written as one of JSON, but for DEL, which JSON leaves as it is
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def _in_environment(section: str, environ: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{_PREFIX}{section.upper()}_"
    return {name.removeprefix(prefix).lower(): value for name, value in environ.items() if name.startswith(prefix)}
