"""What the app says, in Chinese and in English."""

from __future__ import annotations

from ..views.format import LANGUAGES, Language, word

WORDS: dict[str, tuple[str, str]] = {
    "app": ("城乡图", "Chengxiang Atlas"),
    # pages
    "overview": ("总览", "Overview"),
    "scope": ("范围", "Scope"),
    "coverage": ("指标", "Coverage"),
    "explain": ("查证", "Explain a figure"),
    "layers": ("图层", "Layers"),
    "what_if": ("试算", "What if"),
    "import": ("导入与检查", "Import and check"),
    "report": ("报告", "Report"),
    # every page
    "language": ("语言 Language", "语言 Language"),
    "pick_district": ("区", "District"),
    "round": ("调查轮次", "Survey round"),
    "download": ("下载表格（CSV）", "Download the table (CSV)"),
    "indicator": ("指标", "Indicator"),
    "level": ("单元层级", "Units"),
    "within": ("统计范围", "Counted"),
    # shorter than in a sentence, since they stand side by side
    "village": ("村（社区）", "Villages"),
    "town": ("镇（街道）", "Towns"),
    "district": ("全区合计", "District"),
    "all": ("全区", "Whole district"),
    "inside": ("仅四至范围内", "Inside the area"),
    "drawn": ("地图显示", "On the map"),
    "features": ("逐个对象", "Features"),
    "verdicts": ("单元判定", "Units"),
    "page": ("页面", "Page"),
    "lang": ("语言", "Language"),
    "missed": (
        "链接所指在此不存在：{}。已改按现有内容显示。",
        "The link names what is not here: {}. Shown instead is what there is.",
    ),
    "missed_one": ("{}“{}”", '{} "{}"'),
    "fault": ("数据不能使用：", "The data cannot be used:"),
    "newer_round": (
        "另有更新的轮次 {}，其中还没有单元；可在上方“调查轮次”中选择。",
        'There is a newer round, {}, that has no units yet; choose it above at "Survey round".',
    ),
    "lacks": (
        "本轮次缺少{}。没有它们，就没有分单元和四至范围内的数字。",
        "This round lacks {}. Without them nothing is counted by unit or within the area.",
    ),
    "lacks_held": ("{}（轮次 {} 有）", "{} (round {} has them)"),
    "lacks_unheld": (
        "{}（此前各轮次也没有，请导入）",
        "{} (no earlier round has them: import them)",
    ),
    "semicolon": ("；", "; "),
    "carry_now": ("沿用到本轮次", "Carry them over into this round"),
    "no_scope": (
        "本轮次没有四至界线，无法认定范围。",
        "This round has no edges, so no scope can be decided.",
    ),
    "no_layer": (
        "本轮次没有这项指标所需的图层。",
        "This round lacks the layers this indicator is measured on.",
    ),
    "working": ("正在计算……", "Computing…"),
    # scope
    "click": (
        "在地图或表中点一个村（社区），这里说明认定的理由。",
        "Pick a village on the map or in the list: the reason for its decision appears here.",
    ),
    "try_rule": ("试改认定规则", "Try another rule"),
    "rule": ("规则", "Rule"),
    "in_at_least": ("面积占比不低于此值为范围内（%）", "In from this share of area (%)"),
    "out_at_most": ("面积占比不高于此值为范围外（%）", "Out up to this share of area (%)"),
    "changed": (
        "与现行规则相比，{} 个单元的认定改变",
        "{} units are decided otherwise than by the rule in force",
    ),
    "none_changed": (
        "与现行规则相比，没有单元的认定改变。",
        "No unit is decided otherwise than by the rule in force.",
    ),
    "thresholds": (
        "“范围外”的界限须低于“范围内”的界限。",
        "The threshold for out must be lower than the one for in.",
    ),
    # coverage and explain
    "ranked": ("各单元", "By unit"),
    "behind": ("数字背后的记录", "The rows behind the figure"),
    "behind_unit": ("数字背后的记录：{}", "The rows behind the figure: {}"),
    "pick_unit": (
        "点一个单元，看它的数字由哪些记录组成。",
        "Pick a unit to see the rows its figure is made of.",
    ),
    "unit": ("单元", "Unit"),
    "sum": ("计算", "How it is reckoned"),
    "clause": ("政策条款", "The clause"),
    "no_clause": (
        "政策未定目标，不作判定。",
        "The policy sets no target, so there is no verdict.",
    ),
    "only_reference": (
        "政策未定目标，不作判定。参考值 {}。",
        "The policy sets no target, so there is no verdict. For reference: {}.",
    ),
    "figures_of_picked": ("所选单元的各项指标", "The figures of the unit that is picked"),
    "explain_this": ("查证这个数字", "Explain this figure"),
    "explain_unit": ("查证这个数字：{}", "Explain this figure: {}"),
    "declaration": ("指标声明", "The declaration"),
    # layers
    "layers_shown": ("显示的图层", "Layers shown"),
    # what if
    "trial": ("试改内容", "What is changed"),
    "to": ("改为", "To"),
    "true": ("是", "yes"),
    "false": ("否", "no"),
    "unknown": ("情况不明", "unknown"),
    "trial_hint": (
        "在地图上点选，或在表中勾选；上方的数字随之变化，调查数据不受影响。",
        "Click on the map or tick in the list: the figures follow, and the survey stays as it is.",
    ),
    "verdicts_change": (
        "判定随之改变的单元（{}）",
        "Units whose verdict the scenario changes ({})",
    ),
    "no_verdict_changes": ("没有单元的判定改变。", "No unit's verdict changes."),
    "figures_move": ("数字的变化", "How the figures move"),
    "scenario": ("方案", "Scenario"),
    "scenario_name": ("方案名称", "Name of the scenario"),
    "save": ("保存方案", "Save the scenario"),
    "save_over": ("覆盖同名方案", "Replace the one of this name"),
    "mark_first": (
        "先在地图上或表中选取要试改的对象，方可保存或下载。",
        "Mark something on the map or in the list first; then it can be saved or downloaded.",
    ),
    "name_it": ("填写方案名称后即可保存。", "Give the scenario a name to save it."),
    "is_saved_over": (
        "已有名为“{}”的方案，保存将取代它。",
        'There is a scenario named "{}" already; saving replaces it.',
    ),
    "saved": ("已保存到 {}", "Saved to {}"),
    "kept_here": (
        "区数据目录不可写，方案只在本次会话中保留；可下载。",
        "The district's folder cannot be written: the scenario is kept for this session; it can be downloaded.",
    ),
    "download_scenario": ("下载方案（JSON）", "Download the scenario (JSON)"),
    "new_scenario": ("新方案", "A new one"),
    "other_data": (
        "该方案基于另一版本的数据，其中 {} 条记录已不存在。",
        "The scenario was made on other data; {} of its rows are no longer there.",
    ),
    "nothing_to_try": (
        "本轮次没有可以试改的图层。",
        "This round has no layer in which anything could be tried.",
    ),
    # report
    "report_on": ("报告对象", "Report on"),
    "report_lang": ("报告语言", "Language of the report"),
    "report_author": ("编制人（可留空）", "Prepared by (may be left empty)"),
    "format": ("格式", "Format"),
    "report_pdf": ("PDF", "PDF"),
    "report_pdf_is": ("附图册，可打印签字", "with map sheets, to print and sign"),
    "report_docx": ("Word", "Word"),
    "report_docx_is": ("可继续修改", "to go on writing in"),
    "report_xlsx": ("Excel 台账", "Excel ledger"),
    "report_xlsx_is": ("每个数字与记录", "every figure and row"),
    "report_html": ("网页", "Web page"),
    "report_html_is": ("一个文件，离线可看", "one file, no network needed"),
    "report_gpkg": ("GeoPackage", "GeoPackage"),
    "report_gpkg_is": ("供 GIS 使用", "for QGIS and others"),
    "paper": ("图幅", "Map sheets"),
    "make_report": ("生成报告", "Make the report"),
    "download_report": ("下载报告", "Download the report"),
    "report_ready": ("报告已生成。", "The report is ready."),
    "stop": ("停止", "Stop"),
    "step_figures": ("计算指标", "computing the figures"),
    "step_sections": ("编写各章", "writing the sections"),
    "step_pdf": ("排版 PDF", "setting the PDF"),
    "step_docx": ("写入 Word 文件", "writing the Word file"),
    "step_xlsx": ("写入 Excel 台账", "writing the ledger"),
    "step_html": ("写入网页", "writing the page"),
    "step_gpkg": ("写入 GeoPackage", "writing the GeoPackage"),
    # import and check
    "upload": ("选择文件", "Choose a file"),
    "upload_help": (
        "可用格式：GeoPackage、GeoJSON、Shapefile（各部分一起选，或打成 zip）、FileGDB（.gdb 打成 zip）、KML 与 KMZ、"
        "GPX、DXF、FlatGeobuf、GeoParquet、OSM PBF、CSV 等文本表、Excel、GeoTIFF。",
        "Formats: GeoPackage, GeoJSON, Shapefile (all its parts at once, or zipped), FileGDB (the .gdb, zipped),"
        " KML and KMZ, GPX, DXF, FlatGeobuf, GeoParquet, OSM PBF, CSV and other text tables, Excel, GeoTIFF.",
    ),
    "other_file": ("换一个文件", "Another file"),
    "choose_layer": ("请选择图层……", "Choose a layer…"),
    "which_layer": (
        "从文件内容看不出它属于哪个图层，请先选择。",
        "The file does not tell which layer it is for: choose one first.",
    ),
    "is_ledger": (
        "这是本系统生成的整改台账：只取其中改过的状态和备注，记入新轮次。",
        "This is a ledger that this program wrote: the states and remarks that were changed in it go into a new round.",
    ),
    "ledger_changes_nothing": (
        "台账中没有改动，未生成新轮次。",
        "The ledger changes nothing: no round was made.",
    ),
    "join": (
        "文件没有坐标：按名称或代码关联到",
        "No coordinates in the file: place its rows by the name or code of",
    ),
    "no_join": ("不关联", "nothing"),
    "try_first": (
        "先试导入，看过结果后才能正式导入。",
        "Try it first: it can be taken in once its result was seen.",
    ),
    "try_again": (
        "设置已改变，请再试一次，然后才能正式导入。",
        "The settings have changed: try it again before it is taken in.",
    ),
    "part": ("导入或检查", "Import or check"),
    "for_layer": ("导入为图层", "Import as layer"),
    "into_round": ("轮次日期（YYYY-MM-DD）", "Round (YYYY-MM-DD)"),
    "crs": ("坐标系（可留空）", "Coordinates (may be left empty)"),
    "source_layer": ("文件中的图层（工作表）", "The file's layer or sheet"),
    "fields": ("字段对应", "Which column is which field"),
    "fields_help": (
        "未指定的字段按列名自动对应。",
        "What is left open is matched by the columns' names.",
    ),
    "required": ("（必填）", "(required)"),
    "by_name": ("按列名自动", "by its name"),
    "accept": ("采用系统的推断", "Use what the importer believes"),
    "not_accepted": (
        "未采用的推断：{} 项。打开“{}”后导入才会采用。",
        'Beliefs of the importer that were not used: {}. Only with "{}" switched on does an import use them.',
    ),
    "carry": ("沿用轮次 {} 的{}", "Carry over from round {}: {}"),
    "carry_help": (
        "该轮次还没有这些图层。没有它们，就没有分单元和四至范围内的数字；如有变化，请另行导入。",
        "The round has none of these yet, and without them nothing is counted by unit or within the area."
        " Import them instead where they changed.",
    ),
    "listed": ("、", ", "),
    "done_carry": ("已沿用轮次 {} 的{}", "Carried over from round {}: {}"),
    "carried_part": ("{} {} 行", "{} ({} rows)"),
    "try_import": ("试导入（不写入）", "Try it (writes nothing)"),
    "take_in": ("正式导入", "Take it in"),
    "taken": ("{} / {} 行可导入，{} 行不能导入", "{} of {} rows can be taken, {} are left out"),
    "done_import": (
        "已导入轮次 {}：{} 行；可在上方“调查轮次”中选择查看。",
        'Taken into round {}: {} rows; choose it above at "Survey round" to see them.',
    ),
    "done_raster": ("已导入为本区的栅格。", "Taken in as a raster of the district."),
    "left_out": ("不能导入的行", "Rows left out"),
    "check": ("检查本轮次", "Check this round"),
    "findings": ("检查结果", "Findings"),
    "no_findings": ("没有发现问题。", "Nothing was found."),
    "run_check": ("开始检查", "Run the check"),
    "import_part": ("导入文件", "Import a file"),
}


def say(name: str, language: Language) -> str:
    """A word of the app, or of the figures.

    Examples
    --------
    >>> say("scope", "en"), say("met", "zh")
    ('Scope', '达标')
    """
    pair = WORDS.get(name)
    return pair[LANGUAGES.index(language)] if pair else word(name, language)
