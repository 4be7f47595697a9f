"""Import of workbooks: upload, progress, result, confirmation, report, undo."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hocbaso.apps.accounts.use_cases.activation import activation_codes, waiting
from hocbaso.apps.intake import background, queries
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.use_cases import handle_batch
from hocbaso.apps.intake.use_cases.run_batch import wake
from hocbaso.apps.intake.use_cases.undo_batch import find_batch, undo_batch
from hocbaso.apps.privacy.watermark import note_export
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.workbooks.limits import MAX_BYTES
from hocbaso.interfaces.web import import_pages as pages
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.views import actor_of, policy, require_actor, school_of

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_AT_WORK = (State.UPLOADED, State.CHECKING, State.APPLYING)


class UploadForm(forms.Form):
    """Which form, which year, which file."""

    use_required_attribute = False
    kind = forms.ChoiceField(
        label=gettext_lazy("Loại tệp"), error_messages={"required": gettext_lazy("Chọn loại tệp")}
    )
    year = forms.ChoiceField(label=gettext_lazy("Năm học"))
    file = forms.FileField(
        label=gettext_lazy("Tệp Excel"),
        error_messages={
            "required": gettext_lazy("Chọn tệp cần nhập"),
            "empty": gettext_lazy("Tệp này trống. Chọn lại tệp."),
        },
    )

    def __init__(self, *args: Any, kinds: list[Kind], years: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["kind"].choices = [(k.value, pages.KIND_LABELS[k]) for k in kinds]  # type: ignore[attr-defined]
        self.fields["year"].choices = [(y, y) for y in years]  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size and file.size > MAX_BYTES:
            raise forms.ValidationError(
                _("Tệp lớn hơn mức cho phép là %(limit)s MB. Bỏ ảnh và trang tính không cần.")
                % {"limit": MAX_BYTES // 1_000_000}
            )
        return file


@require_actor
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Choose a file, and the imports so far."""
    actor, school = actor_of(request), school_of(request)
    kinds = queries.kinds_for(actor, school)
    if not kinds:
        raise NotAllowed("not_allowed", what=_("nhập tệp Excel"))
    years = queries.school_years(school)
    wanted = {"kind": request.GET.get("loai", kinds[0].value), "year": request.GET.get("nam", years[0])}
    form = UploadForm(request.POST or None, request.FILES or None, kinds=kinds, years=years, initial=wanted)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = handle_batch.upload(
                actor,
                kind=Kind(form.cleaned_data["kind"]),
                school=school,
                year=form.cleaned_data["year"],
                data=file.read(),
                file_name=file.name or "",
            )
        except DomainError as error:
            form.add_error("file", words(error))
        else:
            return redirect("web:imports-batch", made.pk)
    chosen = form["kind"].value()
    listed = queries.batches(actor, school)
    people = queries.people(line.batch for line in listed)
    context = {
        "form": form,
        "kinds": [(k.value, pages.KIND_LABELS[k], pages.KIND_HINTS[k], k.value == chosen) for k in kinds],
        "batches": [
            (
                line.batch,
                *pages.state_of(line.batch),
                pages.KIND_LABELS[Kind(line.batch.kind)],
                pages.summary(line),
                people.get(line.batch.created_by, line.batch.created_by),
            )
            for line in listed
        ],
        "limit": MAX_BYTES // 1_000_000,
    }
    return render(request, "web/imports/start.html", context, status=422 if form.errors else 200)


@require_actor
@require_GET
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The import as it stands: progress, result, report or why it ended."""
    found = find_batch(actor_of(request), batch_id)
    if found.state in _AT_WORK:
        wake(found)
        return render(request, "web/imports/progress.html", _frame(found) | _progress(found))
    if found.state == State.CHECKED:
        return render(request, "web/imports/result.html", _frame(found) | _result(request, found))
    if found.state in (State.APPLIED, State.UNDONE):
        context = {"can_undo": queries.can_undo(found), "missing": found.report["missing"][: pages.PAGE]}
        return render(request, "web/imports/report.html", _frame(found) | context)
    return render(request, "web/imports/ended.html", _frame(found))


def _frame(found: Batch) -> dict[str, Any]:
    kind = Kind(found.kind)
    report = found.report
    return {
        "batch": found,
        "who": queries.people([found]).get(found.created_by, found.created_by),
        "kind": pages.KIND_LABELS[kind],
        "what": pages.KIND_ROWS[kind],
        "report": report,
        "state": pages.state_of(found),
        "counts": pages.counts(report) if "issues" in report else {},
        "upload_again": f"{reverse('web:imports')}?loai={found.kind}&nam={found.school_year}",
    }


def _progress(found: Batch) -> dict[str, Any]:
    done, total = background.told(found.pk) or (found.done, found.total)
    return {"done": done, "total": total, "applying": found.state == State.APPLYING}


def _result(request: HttpRequest, found: Batch) -> dict[str, Any]:
    report = found.report
    code, which = request.GET.get("loi", ""), request.GET.get("loc", "")
    which = which if which in ("answer", "file") else ""
    more = request.GET.get("xem", "")
    steps = int(more) if more.isdecimal() and len(more) < 4 else 1
    rows = queries.refused_rows(report, code=code, which=which)
    all_rows = queries.refused_rows(report)
    at_once = [r for r in all_rows if r["key"]]
    refused_keys = {r["key"] for r in at_once}
    questions = [q for q in queries.to_answer(report) if q["key"] not in refused_keys]
    return {
        "errors": pages.error_lines(report),
        "refused": pages.part(rows, steps),
        "refused_all": len(all_rows),
        "refused_answer": len(at_once),
        "refused_file": len(all_rows) - len(at_once),
        "questions": pages.part(questions, steps),
        "changes": pages.part(report["changes"], steps),
        "new": pages.part(report["people"]["new"], steps),
        "skipped": pages.part(report["skipped"], steps),
        "missing": pages.part(report["missing"], steps),
        "notes": pages.part(
            [i for i in report["issues"] if i["severity"] == "warning" and not i["proposal"]], steps
        ),
        "code": code,
        "which": which,
        "labels": {line.code: line.title for line in pages.error_lines(report)}.get(code, code),
    }


@require_actor
@require_GET
def progress(request: HttpRequest, batch_id: int) -> HttpResponse:
    """For the script of the progress page: ``{"working", "done", "total"}``."""
    found = find_batch(actor_of(request), batch_id)
    wake(found)
    shown = _progress(found)
    return JsonResponse(
        {
            "working": found.state in _AT_WORK,
            "state": found.state,
            "done": shown["done"],
            "total": shown["total"],
        }
    )


@require_actor
@require_POST
def answers(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Keep the answers to questions and check again."""
    given = {
        name.removeprefix("hoi-"): {"co": True, "khong": False}.get(str(value))
        for name, value in request.POST.items()
        if name.startswith("hoi-")
    }
    handle_batch.answer(actor_of(request), batch_id, given)
    return redirect("web:imports-batch", batch_id)


@require_actor
@require_GET
def annotated(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The school's own workbook with a note in each cell to look at."""
    name, content = handle_batch.annotated(actor_of(request), batch_id)
    # On record, but not marked: it is the school's own file, and comes back as a corrected upload.
    note_export(actor_of(request), f"Tệp nhập có ghi chú: đợt {batch_id}", what="import", content=content)
    disposition = content_disposition_header(True, name) or "attachment"
    return HttpResponse(content, content_type=_XLSX, headers={"Content-Disposition": disposition})


@require_actor
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Check what will be written; then write it."""
    actor = actor_of(request)
    found = find_batch(actor, batch_id)
    if request.method == "POST":
        handle_batch.confirm(actor, batch_id, accept_good_rows=request.POST.get("bo-lai") == "co")
        return redirect("web:imports-batch", batch_id)
    if found.state != State.CHECKED or not pages.counts(found.report)["writes"] + found.report["reordered"]:
        return redirect("web:imports-batch", batch_id)
    return render(request, "web/imports/confirm.html", _frame(found))


@require_actor
@require_POST
def cancel(request: HttpRequest, batch_id: int) -> HttpResponse:
    """End an import of which nothing was written."""
    handle_batch.cancel(actor_of(request), batch_id)
    return redirect("web:imports")


@require_actor
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Ask once more; then put everything back."""
    actor = actor_of(request)
    found = find_batch(actor, batch_id)
    problem = ""
    if request.method == "POST":
        try:
            undo_batch(actor, batch_id)
        except DomainError as error:
            problem = words(error)
        else:
            return redirect("web:imports-batch", batch_id)
    elif not queries.can_undo(found):
        return redirect("web:imports-batch", batch_id)
    context = _frame(found) | {"problem": problem}
    return render(request, "web/imports/undo.html", context, status=422 if problem else 200)


@require_actor
@require_http_methods(["GET", "POST"])
def activation(request: HttpRequest) -> HttpResponse:
    """Slips with first codes for accounts that nobody has taken into use."""
    school = school_of(request)
    policy(request, "accounts.assign", school)
    slips = activation_codes(actor_of(request), school) if request.method == "POST" else []
    context = {"slips": slips, "waiting": waiting(school, actor_of(request)), "school": school}
    return render(request, "web/imports/activation.html", context)
