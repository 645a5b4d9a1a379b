"""The app as its reader has it: the real server, a real browser, and no network but this machine."""

from __future__ import annotations

import io
import json
import re
import socket
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import hostile
import pypdf
import pytest
from ports import free_port
from seeing import SCREEN, colours, keep, watched
from serving import drawn, serving, settled
from streamlit.file_util import get_static_dir

from geo.bundled import embedded_district
from geo.cli.show import SETTINGS
from geo.survey import open_survey
from geo.views import palette

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

pytestmark = pytest.mark.browser

OpenPage = Callable[..., tuple["Page", list[str]]]
ROOT = Path(__file__).parents[2]
PAGES = ("overview", "scope", "coverage", "explain", "layers", "what_if", "report", "import")


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    with serving(embedded_district()) as address:
        yield address


@pytest.fixture(scope="module")
def spiteful_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("made") / "hostile"
    with serving(hostile.hostile_district(folder)) as address:
        yield address


@pytest.fixture
def takes_in(tmp_path: Path) -> Iterator[str]:
    """A district that a test may import into: what it holds is no other test's."""
    with serving(hostile.hostile_district(tmp_path / "hostile")) as address:
        yield address


@pytest.mark.parametrize("name", PAGES)
def test_every_page_stands_and_asks_no_one_else(open_page: OpenPage, app: str, name: str) -> None:
    page, refused = open_page("about:blank", viewport=SCREEN)
    seen = watched(page)  # from the first request on
    page.goto(f"{app}/{'' if name == 'overview' else name}")
    page.get_by_text("示意数据").first.wait_for()
    if name == "import":
        page.get_by_test_id("stFileUploader").wait_for()
    elif name == "report":
        page.get_by_role("button", name="生成报告").wait_for()
    else:
        drawn(page)
        assert sum(colours(page).values()) > 2_000  # borders and edges; the fills are translucent
    settled(page)
    if name == "overview":
        page.locator(".atlas-headlines").wait_for()
        assert colours(page).get(palette.THREE_VALUES["covered"].color, 0) > 20
    keep(page, f"app-{name}-zh")
    assert refused == []
    assert seen["errors"] == []
    asked = {re.match(r"(?:blob:)?\w+://[^/]+", request) for request in seen["requests"]}
    assert {found[0].removeprefix("blob:") if found else None for found in asked} == {app}


def test_a_village_clicked_on_the_map_is_picked_in_the_list_and_the_reverse(
    open_page: OpenPage, app: str
) -> None:
    page, refused = open_page(f"{app}/scope", viewport=SCREEN)
    box = drawn(page).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.62)
    picked = page.locator("tr[aria-selected=true]")
    picked.wait_for()
    name = page.locator(".atlas-card h3").text_content() or "?"
    assert name in (picked.text_content() or "")
    page.locator(".atlas-detail", has_text=f"{name}：").wait_for()
    page.wait_for_url("**unit=*")  # a colleague who opens the address sees the same village

    page.locator(".atlas-table input[type=search]").fill("苏陈镇")
    page.locator(".atlas-tally", has_text="17 / 156").wait_for()
    row = page.locator(".atlas-rows tbody tr").nth(2)
    other = row.locator("td").first.text_content() or "?"
    row.click()
    page.locator(".atlas-card h3", has_text=other).wait_for()
    page.locator(".atlas-detail", has_text=f"{other}：").wait_for()
    assert page.locator(".atlas-card").count() == 1
    keep(page, "app-scope-picked")
    assert refused == []


def test_the_list_answers_the_keyboard(open_page: OpenPage, app: str) -> None:
    page, _ = open_page(f"{app}/scope", viewport=SCREEN)
    drawn(page)
    page.locator(".atlas-rows tbody tr").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    second = page.locator(".atlas-rows tbody tr").nth(1)
    assert second.get_attribute("aria-selected") == "true"
    page.locator(".atlas-card h3", has_text=second.locator("td").first.text_content()).wait_for()
    head = page.locator(".atlas-rows th button", has_text="距边界")
    head.focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=descending]", has_text="距边界").count() == 1


def test_a_place_is_found_by_its_name(open_page: OpenPage, app: str) -> None:
    page, _ = open_page(f"{app}/layers", viewport=SCREEN)
    drawn(page)
    page.locator(".atlas-finder input").fill("苏陈镇")
    page.locator(".atlas-hits button").first.click()
    page.locator(".atlas-card h3", has_text="苏陈镇").wait_for()
    page.locator(".atlas-finder input").fill("没有这个地方")
    page.locator(".atlas-none").wait_for()


def test_the_list_of_villages_is_taken_home(open_page: OpenPage, app: str) -> None:
    page, refused = open_page(f"{app}/scope", viewport=SCREEN)
    with page.expect_download() as saving:
        page.get_by_role("button", name="下载表格").click()
    assert saving.value.suggested_filename == "scope-321202-2007-12-31.csv"
    head, *rows = Path(saving.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert "代码" in head
    assert len(rows) == 156
    assert refused == []


def test_a_report_is_made_and_taken_home(open_page: OpenPage, app: str) -> None:
    page, refused = open_page(f"{app}/report?format=html&unit=321202001", viewport=SCREEN)
    page.get_by_role("button", name="生成报告").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="下载报告").click()
    name = saving.value.suggested_filename
    assert name == "report-321202001-2007-12-31-zh.html"
    text = Path(saving.value.path()).read_text(encoding="utf-8")
    assert "示意数据" in text
    assert page.get_by_text(name).count() == 1
    assert refused == []


def test_the_address_opens_the_same_view_in_english(open_page: OpenPage, app: str) -> None:
    page, refused = open_page(
        f"{app}/coverage?lang=en&indicator=certification.villages&level=town&round=2007-06-30",
        viewport=SCREEN,
    )
    drawn(page)
    page.get_by_text("Villages certified · Towns and streets").wait_for()
    page.get_by_text("Round 2007-06-30").first.wait_for()
    page.get_by_text("Illustrative data").first.wait_for()
    settled(page)
    keep(page, "app-coverage-en")
    assert refused == []


@pytest.mark.parametrize("asked", ["streets", "streets/of/old"])
def test_an_address_that_names_no_page_is_told_of_in_its_language(
    open_page: OpenPage, app: str, asked: str
) -> None:
    page, refused = open_page(f"{app}/{asked}?lang=en&round=2007-06-30", viewport=SCREEN)
    page.get_by_text(f'Page "{asked}"').wait_for()
    drawn(page)
    settled(page)
    assert page.url == f"{app}/?lang=en&round=2007-06-30"
    assert page.get_by_role("dialog").count() == 0
    keep(page, "app-no-such-page")
    assert refused == []


def test_an_address_with_a_slash_at_its_end_is_that_of_its_page(
    open_page: OpenPage, app: str
) -> None:
    page, _ = open_page(f"{app}/scope/?lang=en", viewport=SCREEN)
    page.get_by_text("Try another rule").wait_for()


def test_streamlits_own_words_are_chinese_in_the_chinese_app(open_page: OpenPage, app: str) -> None:
    page, _ = open_page(f"{app}/import", viewport=SCREEN)
    box = page.get_by_test_id("stFileUploader")
    box.get_by_text("Upload", exact=True).wait_for(state="attached")
    # Seen, and read out as the button's name.
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    buttons = [node["name"]["value"] for node in tree if node["role"]["value"] == "button"]
    assert any("选取文件" in name for name in buttons)
    size = "node => getComputedStyle(node).fontSize"
    assert box.get_by_text("Upload", exact=True).evaluate(size) == "0px"
    said = "node => getComputedStyle(node, '::after').content"
    limit = page.get_by_test_id("stFileUploaderDropzoneInstructions").locator("span")
    assert limit.evaluate(said) == '"每个文件不超过 100 MB，也可拖放到这里"'
    assert limit.text_content() == "100MB per file"  # the number is Streamlit's own setting
    assert limit.evaluate(size) == "0px"
    page.locator('[data-testid="stFileUploaderDropzone"]').dispatch_event("dragenter")
    keep(page, "app-upload-zh")

    page.goto(f"{app}/what_if")
    name = page.get_by_test_id("stTextInput").locator("input")
    name.fill("一期")
    hint = page.get_by_test_id("InputInstructions")
    hint.wait_for()
    assert hint.locator("span").first.evaluate(said) == '"按回车键确认"'
    assert hint.locator("span").first.evaluate(size) == "0px"
    assert hint.locator("span").last.text_content() == "2/60"
    choice = page.get_by_test_id("stSelectbox").locator("input").first
    choice.click()
    choice.fill("zzzz")
    none = page.get_by_role("listbox").get_by_text("No results")
    none.wait_for(state="attached")
    assert none.evaluate(said) == '"没有符合的选项"'
    assert none.evaluate(size) == "0px"
    skip = page.get_by_test_id("stSkipToContent")
    assert skip.evaluate(said) == '"跳到正文"'

    page.goto(f"{app}/import?lang=en")
    page.get_by_role("button", name="Upload", exact=True).wait_for()


def test_what_is_read_out_is_in_the_language_of_the_page_and_changes_with_it(
    open_page: OpenPage, app: str
) -> None:
    page, _ = open_page(f"{app}/coverage", viewport=SCREEN)
    drawn(page)
    settled(page)
    latin = """() => [...document.querySelectorAll("[aria-label], [placeholder], [title]")].flatMap((node) =>
      ["aria-label", "placeholder", "title"].map((name) => node.getAttribute(name)))
      .filter((said) => said && !/[^\\x00-\\x7f]/.test(said))"""
    assert page.evaluate(latin) == []
    choice = page.get_by_role("combobox", name="指标")
    assert choice.get_attribute("placeholder") == "请选择"
    assert page.evaluate("() => document.documentElement.lang") == "zh-CN"
    page.get_by_role("radio", name="English").or_(
        page.get_by_role("button", name="English")
    ).click()
    page.wait_for_function("() => document.documentElement.lang === 'en'")
    page.get_by_role("navigation", name="App pages").wait_for()
    choice = page.get_by_role("combobox", name="Indicator")
    assert choice.get_attribute("placeholder") == "Choose an option"
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Expand sidebar").wait_for()
    page.get_by_role("radio", name="中文").or_(page.get_by_role("button", name="中文")).click()
    page.get_by_role("button", name="展开页面导航").wait_for()


@pytest.mark.parametrize(
    ("host", "lang", "said", "marked"),  # of the hosts Streamlit makes two cases
    [
        ("127.0.0.1", "zh", "服务器恢复后，本页自动继续", "已选 1"),
        ("localhost", "en", "this page goes on by itself", "1 marked"),
    ],
)
def test_a_page_whose_server_is_gone_says_so_and_goes_on_when_it_is_back(
    open_page: OpenPage, host: str, lang: str, said: str, marked: str
) -> None:
    with free_port() as port:
        with serving(embedded_district(), port) as address:
            at = address.replace("127.0.0.1", host)
            page, _ = open_page(f"{at}/what_if?lang={lang}", viewport=SCREEN)
            drawn(page)
            settled(page)
            page.locator(".atlas-rows tbody tr input").nth(3).check()
            page.locator(".atlas-tally", has_text=marked).wait_for()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text(said).wait_for()
        assert ("atlas app" in dialog.inner_text()) == (host == "localhost")
        assert "streamlit" not in dialog.inner_text().lower()
        keep(page, f"app-lost-{lang}")
        with serving(embedded_district(), port):
            dialog.wait_for(state="detached")
            page.locator(".atlas-tally", has_text=marked).wait_for()


def test_what_is_too_large_to_send_is_told_of_in_words(
    open_page: OpenPage, app: str, tmp_path: Path
) -> None:
    limit = SETTINGS["server.maxUploadSize"]
    file = tmp_path / "big.csv"
    with file.open("wb") as out:
        out.truncate((limit + 1) * 1_000_000)
    for lang, said in (("zh", f"文件超过 {limit} MB"), ("en", f"larger than {limit} MB")):
        page, _ = open_page(f"{app}/import?lang={lang}", viewport=SCREEN)
        page.locator("input[type=file]").set_input_files(file)
        page.locator("[aria-invalid=true]").wait_for()
        told = "node => getComputedStyle(node, '::after').content"
        assert said in page.get_by_test_id("stFileUploader").evaluate(told)
        keep(page, f"app-too-large-{lang}")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["overview", "scope", "coverage", "layers"])
def test_a_map_and_its_credits_are_seen_without_scrolling_and_no_heading_is_cut(
    open_page: OpenPage, app: str, name: str, lang: str
) -> None:
    page, _ = open_page(f"{app}/{'' if name == 'overview' else name}?lang={lang}", viewport=SCREEN)
    drawn(page)
    settled(page)
    box = page.locator(".atlas-notes").bounding_box()
    assert box
    assert box["y"] + box["height"] <= SCREEN["height"]
    if name in ("scope", "coverage"):
        frame = page.locator(".atlas-rows").first
        frame.locator("tbody tr").first.wait_for()
        assert frame.evaluate("node => node.scrollWidth <= node.clientWidth")


@pytest.mark.parametrize("name", ["coverage", "explain", "what_if", "report"])
def test_labels_of_choices_side_by_side_stand_on_one_line(
    open_page: OpenPage, app: str, name: str
) -> None:
    page, _ = open_page(f"{app}/{name}", viewport=SCREEN)
    labels = page.get_by_test_id("stHorizontalBlock").nth(1).get_by_test_id("stWidgetLabel")
    labels.nth(2).wait_for()  # the last of them, or the last but one
    settled(page)
    tops = labels.evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
    assert max(tops) - min(tops) < 1, tops


@pytest.mark.parametrize("name", ["coverage", "explain"])
def test_the_longest_indicator_that_is_chosen_is_read_whole(
    open_page: OpenPage, app: str, name: str
) -> None:
    declared = [one for _, one in open_survey().district.catalog.indicators()]
    longest = max(declared, key=lambda one: len(one.title.en))
    page, _ = open_page(f"{app}/{name}?lang=en&indicator={longest.id}", viewport=SCREEN)
    chosen = page.get_by_role("combobox", name="Indicator")
    chosen.wait_for()
    assert chosen.input_value() == longest.title.en
    assert chosen.evaluate("node => node.scrollWidth <= node.clientWidth")
    keep(page, f"app-{name}-longest")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["coverage", "explain?at=town", "what_if", "report"])
def test_every_choice_is_seen_where_the_page_is_shown_half_as_large_again(
    open_page: OpenPage, app: str, name: str, lang: str
) -> None:
    sign = "&" if "?" in name else "?"
    zoomed: ViewportSize = {"width": SCREEN["width"] * 2 // 3, "height": SCREEN["height"] * 2 // 3}
    page, _ = open_page(f"{app}/{name}{sign}lang={lang}", viewport=zoomed)
    page.get_by_role("radiogroup").nth(2).wait_for()
    settled(page)
    cut = """() => [...document.querySelectorAll("[role=radiogroup]")]
      .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"""
    assert page.evaluate(cut) == []
    keep(page, f"app-zoomed-{name.partition('?')[0]}-{lang}")


def test_on_paper_the_map_of_the_overview_is_as_wide_as_the_paper(
    open_page: OpenPage, app: str
) -> None:
    page, _ = open_page(app, viewport=SCREEN)
    map_ = drawn(page)
    page.locator(".atlas-headlines").wait_for()
    settled(page)
    seen = map_.bounding_box()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4
    paper = map_.bounding_box()
    assert seen
    assert paper
    assert paper["width"] >= seen["width"]  # or what was seen would be cut
    keep(page, "app-on-paper")
    page.emulate_media(media="screen")


def test_on_paper_every_sheet_of_a_list_has_its_heads_and_the_last_says_how_many_rows_are_left(
    open_page: OpenPage, app: str
) -> None:
    page, _ = open_page(f"{app}/coverage", viewport=SCREEN)
    page.locator(".atlas-more", has_text="余 407 行").wait_for()
    settled(page)
    file = io.BytesIO(page.pdf(format="A4"))
    # A browser writes some characters as the radicals they are drawn as.
    sheets = [
        unicodedata.normalize("NFKC", sheet.extract_text()) for sheet in pypdf.PdfReader(file).pages
    ]
    units = [sheet for sheet in sheets if "居委会" in sheet]
    assert len(units) > 3
    assert all("上下限与目标" in sheet for sheet in units)
    assert "余 407 行" in sheets[-1]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_tile_breaks_a_word(open_page: OpenPage, app: str, lang: str) -> None:
    page, _ = open_page(f"{app}/scope?lang={lang}", viewport={"width": 1024, "height": 768})
    drawn(page)
    settled(page)
    heights = page.locator(".atlas-tile").evaluate_all("all => all.map((one) => one.clientHeight)")
    assert max(heights) < 70, heights  # of two lines at most
    keep(page, f"app-scope-1024-{lang}")


def test_on_a_phone_a_card_lies_within_its_map_and_the_way_to_the_pages_is_named(
    open_page: OpenPage, app: str
) -> None:
    unit = "unit=321202001016&indicator=hardening.fringe_roads"
    page, _ = open_page(f"{app}/coverage?{unit}", viewport={"width": 390, "height": 844})
    map_ = drawn(page)
    card = page.locator(".leaflet-popup")
    card.wait_for()
    settled(page)
    within = """(card, map) => { const [one, all] = [card, map].map((node) => node.getBoundingClientRect());
      return one.left >= all.left && one.right <= all.right && one.top >= all.top; }"""
    page.wait_for_function(
        f"([card, map]) => ({within})(card, map)",
        arg=[card.element_handle(), map_.element_handle()],
    )
    keep(page, "app-phone-card")
    way = page.get_by_test_id("stExpandSidebarButton")
    assert way.evaluate("node => getComputedStyle(node, '::after').content") == '"页面"'
    way.click()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="试算").click()
    page.wait_for_url("**/what_if*")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_rules_to_try_are_seen(open_page: OpenPage, app: str, lang: str) -> None:
    page, _ = open_page(f"{app}/scope?lang={lang}", viewport=SCREEN)
    drawn(page)
    page.get_by_test_id("stCheckbox").locator("label").click()
    last = page.locator(".st-key-rule").get_by_role("radio").last
    last.wait_for()
    settled(page)
    right = "node => node.getBoundingClientRect().right"
    assert last.evaluate(right) <= page.locator(".st-key-rule").evaluate(right)
    keep(page, f"app-rules-{lang}")


def test_whoever_uses_the_keyboard_sees_where_it_is(open_page: OpenPage, app: str) -> None:
    page, _ = open_page(f"{app}/report", viewport=SCREEN)
    page.get_by_role("button", name="生成报告").wait_for()
    settled(page)
    ring = """() => {
      const at = document.activeElement, round = [at, at.parentElement, at.parentElement.parentElement];
      const style = round.map((node) => getComputedStyle(node));
      return [at.tagName, style.some((one) => one.outlineStyle != "none" || one.boxShadow != "none")];
    }"""
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(ring))
        if page.get_by_role("button", name="生成报告").evaluate("n => n == document.activeElement"):
            break
    assert {"A", "BUTTON", "INPUT"} <= {tag for tag, _ in stops}
    # The page itself is a stop, so that arrows scroll it.
    assert [tag for tag, seen in stops if not seen and tag != "MAIN"] == []


def test_a_picked_village_leads_to_its_figures_and_their_reckoning_and_nothing_tried_is_lost(
    open_page: OpenPage, app: str
) -> None:
    page, refused = open_page(f"{app}/what_if", viewport=SCREEN)
    drawn(page)
    page.locator(".atlas-tools select").first.select_option("否")
    page.locator(".atlas-rows tbody tr input").first.check()
    page.locator("[data-indicator='hardening.back_streets'].changed").wait_for()
    page.get_by_role("link", name="范围", exact=True).click()
    page.locator(".atlas-rows tbody tr", has_text="宫涵居委会").click()
    page.get_by_role("link", name="所选单元的各项指标").click()
    page.wait_for_url("**/coverage?*unit=321202001016*")
    page.get_by_role("link", name="查证这个数字：宫涵居委会").click()
    page.wait_for_url("**/explain?*at=village*")
    page.get_by_text("分母（已知）").wait_for()
    page.get_by_role("link", name="范围", exact=True).click()
    page.locator("tr[aria-selected=true]", has_text="宫涵居委会").wait_for()
    page.get_by_role("link", name="试算", exact=True).click()
    page.locator(".atlas-tally", has_text="已选 1").wait_for()
    keep(page, "app-what_if-again")
    assert refused == []


def test_back_leads_to_the_page_before_and_not_through_every_choice(
    open_page: OpenPage, app: str
) -> None:
    page, refused = open_page(f"{app}/scope", viewport=SCREEN)
    drawn(page)
    settled(page)
    page.get_by_role("link", name="指标", exact=True).click()
    page.wait_for_url("**/coverage?*")
    for choice in ("镇（街道）", "逐个对象"):
        page.get_by_role("radio", name=choice).or_(
            page.get_by_role("button", name=choice)
        ).first.click()
        settled(page)
    page.wait_for_url("**/coverage?*drawn=features*")
    page.go_back()
    page.wait_for_url("**/scope*")
    page.locator("tr", has_text="宫涵居委会").wait_for()
    page.go_forward()
    page.wait_for_url("**/coverage?*")
    drawn(page)
    assert refused == []


def test_pages_and_languages_change_by_a_click(open_page: OpenPage, app: str) -> None:
    page, refused = open_page(f"{app}/scope", viewport=SCREEN)
    drawn(page)
    page.get_by_role("radio", name="English").or_(
        page.get_by_role("button", name="English")
    ).click()
    page.get_by_text("156 of 156 rows").wait_for()
    page.get_by_role("link", name="Coverage").click()
    page.locator(".atlas-table", has_text="Bounds and target").first.wait_for()
    assert "lang=en" in page.url
    assert refused == []


def test_marking_a_street_moves_the_rate_by_its_length_and_not_the_survey(
    open_page: OpenPage, app: str
) -> None:
    page, refused = open_page(f"{app}/what_if", viewport=SCREEN)
    drawn(page)
    card = page.locator("[data-indicator='hardening.back_streets']")
    card.wait_for()
    assert "changed" not in (card.get_attribute("class") or "")
    page.locator(".atlas-tools select").first.select_option("否")
    row = page.locator(".atlas-rows tbody tr").first
    key = row.get_attribute("data-id")
    row.locator("input").check()
    page.locator("[data-indicator='hardening.back_streets'].changed").wait_for()
    said = card.inner_text()
    survey = open_survey()
    streets = survey.frame("back_streets").set_index("id")
    hardened_m = streets[streets["hardened"].fillna(False)].length.sum()
    length_m = streets.loc[key].geometry.length
    assert f"{hardened_m:,.0f} 米 → {hardened_m + length_m:,.0f} 米" in said
    pink = colours(page).get("#d6006c", 0)
    assert pink > 0  # marked on the map as in the list
    keep(page, "app-what_if-marked")
    row.locator("input").uncheck()
    page.locator("[data-indicator='hardening.back_streets']:not(.changed)").wait_for()
    assert refused == []


def test_a_file_is_tried_before_it_is_taken_in(
    open_page: OpenPage, tmp_path: Path, takes_in: str
) -> None:
    page, refused = open_page(f"{takes_in}/import", viewport=SCREEN)
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "a.exe", "mimeType": "", "buffer": b"MZ"})
    page.get_by_text("数据不能使用").wait_for()
    points = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"no": f"{n}{hostile.SPITE}", "working": "是"},
                "geometry": {"type": "Point", "coordinates": [120.0 + n / 1e4, 32.5]},
            }
            for n in range(3)
        ],
    }
    file = tmp_path / "lamps.geojson"
    file.write_text(json.dumps(points), encoding="utf-8")
    page.reload()
    chooser.set_input_files(file)
    page.locator(".atlas-q", has_text="lamps.geojson").wait_for()
    page.get_by_label("导入为图层").click()
    page.get_by_role("option", name="(lamps)").click()
    page.get_by_text("字段对应").click()
    page.get_by_test_id("stSelectbox").filter(has_text="· working").wait_for()
    settled(page)  # a list that is open closes when the page is drawn anew, or is still unfolding
    page.wait_for_function(
        "() => document.getAnimations().every(one => one.playState != 'running')"
    )
    page.get_by_test_id("stSelectbox").filter(has_text="· id").get_by_role(
        "combobox"
    ).click()  # the file calls it otherwise, and the reader says what
    page.get_by_role("option", name="no", exact=True).click()
    settled(page)
    keep(page, "app-import-fields")
    page.get_by_role("button", name="试导入").click()
    page.get_by_text("3 / 3 行可导入").wait_for()
    settled(page)
    assert page.get_by_test_id("stSelectbox").filter(has_text="· working").is_visible()
    assert page.get_by_text("lamps.geojson").count() == 1
    keep(page, "app-import-tried")
    page.get_by_role("button", name="正式导入").click()
    page.get_by_text("已导入轮次").wait_for()
    # The round has lamps alone: its units and edges come from the one before, unless that is switched off.
    for carried in ("村", "镇", "四至"):
        page.get_by_text(re.compile(f"已沿用轮次.*{carried}")).first.wait_for()
    keep(page, "app-import-done")
    assert refused == []


def test_a_finding_picked_in_the_list_is_shown_on_the_map_and_the_reverse(
    open_page: OpenPage, app: str
) -> None:
    page, refused = open_page(f"{app}/import?part=check", viewport=SCREEN)
    page.get_by_role("button", name="开始检查").click()
    drawn(page)
    row = page.locator(".atlas-rows tbody tr", has_text="端点未接上")
    row.click()
    card = page.locator(".atlas-card", has_text="端点未接上")
    card.wait_for()
    keep(page, "app-check")
    page.locator(".atlas-finder input").fill("转角")
    page.locator(".atlas-hits button").first.click()
    page.locator("tr[aria-selected=true]", has_text="转角").wait_for()
    assert refused == []


def test_a_phone_shows_map_and_list_one_below_the_other(open_page: OpenPage, app: str) -> None:
    page, _ = open_page(f"{app}/scope", viewport={"width": 390, "height": 844})
    box = drawn(page).bounding_box()
    table = page.locator(".atlas-rows").bounding_box()
    assert box
    assert table
    assert box["width"] <= 390
    assert table["y"] > box["y"] + box["height"]
    wide = "() => document.querySelector('[data-testid=stMain]').scrollWidth"
    assert page.evaluate(wide) <= 390
    keep(page, "app-scope-phone")


@pytest.mark.parametrize("path", ["scope", "coverage", "layers", "what_if"])
def test_spite_is_shown_whole_and_runs_nowhere_in_the_app(
    open_page: OpenPage, spiteful_app: str, path: str
) -> None:
    page, refused = open_page("about:blank", viewport=SCREEN)
    seen = watched(page)  # from the first request on
    page.goto(f"{spiteful_app}/{path}")
    drawn(page)
    page.locator(".atlas-top h1", has_text=f"名{hostile.SPITE}").wait_for()
    assert page.locator(".atlas-strip").text_content() == f"示意{hostile.SPITE}"
    assert hostile.SPITE in (page.locator(".atlas-panel").text_content() or "")
    if path == "layers":
        choices = page.get_by_test_id("stButtonGroup").filter(has_text="后街背巷")
        assert hostile.SPITE in (choices.text_content() or "")
    else:
        first = page.locator(".atlas-rows tbody tr").first
        first.wait_for()
        assert hostile.SPITE in (page.locator(".atlas-table").first.text_content() or "")
        first.click()
    page.locator(".atlas-finder input").fill("{{7*191}}")
    page.locator(".atlas-hits button").first.click()
    card = page.locator(".atlas-card")
    card.wait_for()
    assert hostile.SPITE in (card.text_content() or "")
    keep(page, f"app-hostile-{path}")
    shown = page.locator("body").inner_text()
    assert not [ran for ran in hostile.RAN if ran in shown]
    assert page.locator("img[src=x]").count() == 0
    assert seen["dialogs"] == []
    assert seen["errors"] == []
    assert refused == []


def test_what_a_reader_sent_is_gone_with_the_server(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("TEMP", str(tmp_path))
    with serving(embedded_district()) as address:
        page, _ = open_page(f"{address}/import", viewport=SCREEN)
        page.locator("input[type=file]").set_input_files(
            {"name": "灯.csv", "mimeType": "", "buffer": "编号,高度\nL1,8\n".encode()}
        )
        page.get_by_role("button", name="换一个文件").wait_for()
        assert list(tmp_path.rglob("灯.csv"))
    assert not list(tmp_path.rglob("灯.csv"))


def test_a_reader_who_stops_reading_keeps_no_server_from_ending() -> None:
    scripts = Path(get_static_dir()) / "static" / "js"
    largest = max(scripts.iterdir(), key=lambda file: file.stat().st_size).name
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with serving(embedded_district()) as address:  # which sees it end
            place = urlsplit(address)
            reader.connect((place.hostname, place.port))
            asked = f"GET /static/js/{largest} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n"
            reader.sendall(asked.encode())
            assert reader.recv(12) == b"HTTP/1.1 200"


def test_what_an_address_says_is_no_link_and_no_icon_where_it_is_told(
    open_page: OpenPage, app: str
) -> None:
    said = "http://a.cn www.a.cn a@a.cn :smile: :material/home: a -> b"
    page, _ = open_page(f"{app}/scope?lang=en&unit={quote(said)}", viewport=SCREEN)
    told = page.get_by_test_id("stAlert")
    told.get_by_text("The link names what is not here").wait_for()
    assert said in (told.text_content() or "").replace("\u2060", "")
    assert told.locator("a, p [role=img]").count() == 0
