"""Periods: the list, and the ways from a period's page; what the page shows is `period_page`."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from channel_manager.lib.admin.asking import Question, show_question
from channel_manager.lib.admin.base import ReadOnlyAdmin, register
from channel_manager.lib.admin.columns import column, moment
from channel_manager.lib.admin.confirmation import (
    Confirmation,
    ReasonForm,
    actor_of,
    attempt,
    attempt_in,
    show_confirmation,
)
from channel_manager.lib.admin.typed import (
    ChoicesDropdownFilter,
    DateInput,
    RelatedDropdownFilter,
    SearchableSelect,
)
from channel_manager.lib.strict_fields import is_uuid
from orders.admin.finance import deciding, letters, period_page, uploading
from orders.admin.finance.looks import PERIOD_COLOURS
from orders.finance import closing, periods, reconciling
from orders.models import Period, StatementStatus
from partners.models import Partner


class PeriodForm(forms.Form):
    """Asks whose period it is, and which days it has."""

    partner = forms.ModelChoiceField(
        Partner.objects.select_related("venue").defer("venue__logo").order_by("name"),
        widget=SearchableSelect,
    )
    first_day = forms.DateField(widget=DateInput)
    last_day = forms.DateField(widget=DateInput, help_text="Included.")


@register(Period)
class PeriodAdmin(ReadOnlyAdmin[Period]):
    """Match partners' statements with the ledger, decide on differences, and close."""

    list_display = ("title_shown", "state", "partner", "statement_count", "closed")
    list_display_links = ("title_shown",)
    list_filter = (("status", ChoicesDropdownFilter), ("partner", RelatedDropdownFilter))
    list_select_related = ("partner__venue",)
    ordering = ("-first_day", "pk")
    sortable_by = ()
    list_before_template = "admin/orders/period/list_head.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may add periods."""
        return request.user.has_perm("orders.add_period")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Period]:
        """Count what was read of each."""
        read = Count("statements", filter=Q(statements__status=StatementStatus.READ))
        return super().get_queryset(request).defer("partner__venue__logo").annotate(read=read)

    def get_urls(self) -> list[URLPattern]:
        """Add what the page's buttons lead to."""
        wrap = self.admin_site.admin_view
        views: Mapping[str, Callable[..., HttpResponseBase]] = {
            "match": self.match_view,
            "review": self.review_view,
            "put-back": self.put_back_view,
            "close": self.close_view,
            "reopen": self.reopen_view,
            "export": self.export_view,
            "upload": self.upload_view,
            "decide": self.decide_view,
            "settle": self.settle_view,
            "link": self.link_view,
            "letter.pdf": self.letter_view,
            "letter.csv": self.letter_view,
        }
        added = [
            path(
                f"<uuid:key>/{name}{'' if '.' in name else '/'}",
                wrap(view),
                name=f"orders_period_{name.replace('.', '_').replace('-', '_')}",
            )
            for name, view in views.items()
        ]
        return [*added, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for partner and days; last month is proposed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PeriodForm(request.POST or None, initial=_last_month())
        if form.is_valid():
            given = form.cleaned_data
            period = attempt_in(
                form,
                lambda: periods.add_period(
                    partner=given["partner"],
                    first_day=given["first_day"],
                    last_day=given["last_day"],
                    actor=actor_of(request),
                    now=timezone.now(),
                ),
            )
            if period is not None:
                attempt(request, lambda: _match(period))
                return redirect("admin:orders_period_change", period.pk)
        question = Question(
            title="Add a period",
            button="Add",
            back=reverse("admin:orders_period_changelist"),
            introduction="A period is what one partner's statements are about, such as a month. It "
            "is matched with the ledger and closed as a whole.",
        )
        return show_question(request, model_admin=self, subject=None, question=question, form=form)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show statements, bridge and differences of one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        period = self.find(object_id)
        if period is None:
            messages.error(request, "There is no such period.")
            return redirect("admin:orders_period_changelist")
        context = {
            **self.admin_site.each_context(request),
            **period_page.read(request, period),
            "title": f"Period: {period}",
            "opts": self.opts,
            "original": period,
        }
        return TemplateResponse(request, "admin/orders/period/page.html", context)

    def find(self, key: str | uuid.UUID) -> Period | None:
        """Return a period with its partner and venue, if it exists."""
        return Period.objects.with_venue().filter(pk=key).first() if is_uuid(str(key)) else None

    def match_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Match it anew (POST)."""
        period = self._require(request, key, "orders.decide_difference")
        matched = attempt(request, lambda: _match(period)) if request.method == "POST" else None
        if matched is not None:
            is_later = reconciling.is_being_matched(matched)
            told = "Being matched." if is_later else "Matched with the ledger as it is now."
            messages.success(request, told)
        return self._back(key)

    def review_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Take it to review (POST)."""
        return self._press(request, key, periods.start_review)

    def put_back_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Leave it open again (POST)."""
        return self._press(request, key, periods.put_back)

    def close_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Tell what closing does, and what is in its way; close it."""
        period = self._require(request, key, "orders.close_period")
        obstacles = closing.obstacles_of(closing.review_of(period))
        return self._confirm(
            request,
            period,
            Confirmation(
                title=f"Close {period}",
                button="Close",
                effects=[
                    "Its figures, lines and decisions stay as they are from now on.",
                    "What is cancelled later counts in the next days that are open, and points back.",
                    "Its orders and lines are exported, and the file's hash is kept.",
                ],
                warnings=[*obstacles, *closing.cautions_of(period, timezone.now())],
                back=reverse("admin:orders_period_change", args=[key]),
                is_blocked=bool(obstacles),
            ),
            lambda reason: closing.close_period(
                period_id=period.pk, actor=actor_of(request), now=timezone.now(), reason=reason
            ),
            told=f"{period} is closed.",
        )

    def reopen_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Tell what reopening does; reopen it for a reason."""
        period = self._require(request, key, "orders.reopen_period")
        return self._confirm(
            request,
            period,
            Confirmation(
                title=f"Reopen {period}",
                button="Reopen",
                effects=[
                    "Its figures can change again: entries that count on its days are of it.",
                    "What was posted after it was closed stays where it counts now.",
                    "The export it was closed with stays, with its hash.",
                ],
                warnings=[]
                if period.is_closed
                else [f"It is {period.get_status_display()}, not closed."],
                back=reverse("admin:orders_period_change", args=[key]),
                is_destructive=True,
                is_blocked=not period.is_closed,
            ),
            lambda reason: closing.reopen_period(
                period_id=period.pk, actor=actor_of(request), now=timezone.now(), reason=reason
            ),
            told=f"{period} is in review again.",
            asks_why=True,
        )

    def export_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Have the figures that it was closed with written once more, where that failed (POST)."""
        return self._press(request, key, closing.export_again)

    def upload_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Ask for a partner's file and keep it, to be looked at before it is read."""
        period = self._require(request, key, "orders.add_statement")
        return uploading.upload_view(self, request, period)

    def decide_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Decide on the differences that are ticked (POST)."""
        period = self._require(request, key, "orders.decide_difference")
        return deciding.decide_view(request, period)

    def settle_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Decide on differences that were carried into it (POST)."""
        period = self._require(request, key, "orders.decide_difference")
        return deciding.settle_view(request, period)

    def link_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponse:
        """Link a line to the order that is suggested for it (POST)."""
        period = self._require(request, key, "orders.decide_difference")
        return deciding.link_view(request, period)

    def letter_view(self, request: HttpRequest, key: uuid.UUID) -> HttpResponseBase:
        """Return what is disputed, as a letter or as a file."""
        period = self._require(request, key, "orders.view_period")
        return letters.letter_view(request, period)

    @column("Period", two_lines=True)
    def title_shown(self, period: Period) -> tuple[str, str]:
        """Return its month, and whose it is."""
        return period.title, period.partner.name

    @column("Status", badges=PERIOD_COLOURS)
    def state(self, period: Period) -> str:
        """Return the status as a badge."""
        return str(period.status)

    @column("Statements")
    def statement_count(self, period: Period) -> int:
        """Return how many statements were read."""
        return int(period.read)  # type: ignore[attr-defined]

    @column("Closed")
    def closed(self, period: Period) -> str:
        """Return when it was closed, on the venue's clock."""
        return moment(period.closed_at, period.partner.venue.zone)

    def _require(self, request: HttpRequest, key: uuid.UUID, permission: str) -> Period:
        """Return the period to somebody who may; raises PermissionDenied, Http404."""
        if not request.user.has_perm(permission):
            raise PermissionDenied
        period = self.find(key)
        if period is None:
            raise Http404
        return period

    def _press(
        self, request: HttpRequest, key: uuid.UUID, act: Callable[..., object]
    ) -> HttpResponse:
        """Do to a period what a button of its page says (POST), for those who may close it."""
        period = self._require(request, key, "orders.close_period")
        if request.method == "POST":
            actor, now = actor_of(request), timezone.now()
            attempt(request, lambda: act(period_id=period.pk, actor=actor, now=now))
        return self._back(key)

    def _confirm(
        self,
        request: HttpRequest,
        period: Period,
        confirmation: Confirmation,
        act: Callable[[str], Period],
        *,
        told: str,
        asks_why: bool = False,
    ) -> HttpResponse:
        data = request.POST if request.method == "POST" else None
        form = ReasonForm(data, is_required=asks_why)
        if form.is_valid() and not confirmation.is_blocked:
            if attempt(request, lambda: act(form.cleaned_data["reason"])):
                messages.success(request, told)
            return self._back(period.pk)
        return show_confirmation(
            request, model_admin=self, subject=period, confirmation=confirmation, form=form
        )

    def _back(self, key: uuid.UUID) -> HttpResponse:
        return redirect("admin:orders_period_change", key)


def _match(period: Period) -> Period:
    return reconciling.match_soon(period_id=period.pk, now=timezone.now())


def _last_month() -> dict[str, datetime.date]:
    last = timezone.localdate().replace(day=1) - datetime.timedelta(days=1)
    return {"first_day": last.replace(day=1), "last_day": last}
