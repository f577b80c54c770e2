"""People and what they may do, in the admin: nobody gives or takes what they do not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Count, QuerySet
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from channel_manager import two_factor
from channel_manager.history import role_matrix, roles
from channel_manager.lib.admin import columns, recording
from channel_manager.lib.admin.base import StaffAdmin
from channel_manager.lib.admin.columns import column
from channel_manager.lib.admin.confirmation import Confirmation, ReasonForm, show_confirmation
from channel_manager.lib.admin.standing import StateBar, StateButton
from channel_manager.lib.admin.typed import (
    AdminPasswordChangeForm,
    Checkboxes,
    ModelForm,
    SearchableSelectMultiple,
    UserChangeForm,
    UserCreationForm,
)
from channel_manager.lib.admin.typed import GroupAdmin as DjangoGroupAdmin
from channel_manager.lib.admin.typed import UserAdmin as DjangoUserAdmin

# Their own admin pages are in another look.
for model in (User, Group):
    admin.site.unregister(model)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], StaffAdmin[User]):
    """People who may sign in; only those are changed who may do no more than who changes them."""

    form = UserChangeForm  # type: ignore[assignment]  # the stubs bind its type variable
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "role_names", "is_active", "is_staff", "last_login")
    filter_horizontal = ()

    def prepare_rows(self, rows: Sequence[User]) -> None:
        """Read the groups of a page of people in one statement."""
        models.prefetch_related_objects(rows, "groups")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse to change somebody who may do more: who sets their password becomes them."""
        return super().has_change_permission(request, obj) and _reaches(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse to delete somebody who may do more."""
        return super().has_delete_permission(request, obj) and _reaches(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Leave it to superusers to make superusers."""
        own = ("last_login", "date_joined")
        return own if _manager(request).is_superuser else ("is_superuser", *own)

    def get_urls(self) -> list[URLPattern]:
        """Add the page that takes a lost second factor away."""
        view = self.admin_site.admin_view(self.reset_two_factor_view)
        page = path("<int:user_id>/two-factor/", view, name="auth_user_reset_two_factor")
        return [page, *super().get_urls()]

    def reset_two_factor_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Ask before somebody's second factor is taken away (GET); do it (POST)."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        person = get_object_or_404(User, pk=user_id)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if person == request.user:
            return redirect("two_factor")  # asks for a code, as this page does not
        back = reverse("admin:auth_user_change", args=[person.pk])
        form = ReasonForm(request.POST if request.method == "POST" else None, is_required=True)
        if form.is_valid():
            with transaction.atomic():
                two_factor.reset(user=person)
                reason = form.cleaned_data["reason"]
                recording.trail().write(request, person, name="two_factor_reset", reason=reason)
            messages.success(request, f"{person} signs in by password until it is set up again.")
            return redirect(back)
        return show_confirmation(
            request,
            model_admin=self,
            subject=person,
            confirmation=Confirmation(
                title=f"Reset the second factor of {person}",
                button="Reset",
                effects=(
                    "The app and the recovery codes of this person no longer count.",
                    "Until it is set up again the password alone is enough: make sure that it is "
                    "really they who ask.",
                ),
                back=back,
                is_destructive=True,
            ),
            form=form,
        )

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        """Offer the groups and permissions that give nothing which the manager lacks."""
        if db_field.name == "groups":
            kwargs["queryset"] = roles.groups_within(_manager(request)).order_by("name")
            kwargs["widget"] = Checkboxes
        elif db_field.name == "user_permissions":
            kwargs["widget"] = SearchableSelectMultiple
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field is not None and db_field.name == "user_permissions":
            _offer_rights(field, request)
        return field

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say why somebody cannot be changed where that is so."""
        person = self.get_object(request, object_id)
        if (
            person is not None
            and request.method == "GET"
            and super().has_change_permission(request, person)
            and not _reaches(request, person)
        ):
            told = f"{person} may do more than you, and so can be changed only by others."
            messages.info(request, told)
        return super().change_view(request, object_id, form_url, extra_context)

    def state_bar(self, request: HttpRequest, row: User) -> StateBar:
        """Return whether somebody has a second factor, with the way to take a lost one away."""
        if two_factor.device_of(row) is None:
            meaning = (
                "Signs in by password alone; everybody sets up a second factor for themselves."
            )
            return StateBar(text="One factor", colour="", meaning=meaning)
        reset = StateButton(
            label="Reset second factor",
            icon="phonelink_erase",
            url=reverse("admin:auth_user_reset_two_factor", args=[row.pk]),
            look="quiet-danger",
        )
        may_reset = row != request.user and self.has_change_permission(request, row)
        return StateBar(
            text="Two factors",
            colour="success",
            meaning="Signs in by password and a code of an app on the phone.",
            buttons=[reset] if may_reset else (),
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form; the last owner stays one."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except roles.LastOwner:
            return _refuse_last_owner(request)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002  # Django's name
        form_url: str = "",
    ) -> HttpResponse:
        """Set somebody else's new password, and write that down; the own one needs the old."""
        if self.get_object(request, unquote(id)) == request.user:
            return redirect("admin:password_change")
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save somebody while no colleague takes the owner's role from anybody."""
        form.had_owner = roles.lock_owners()
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm[User], formsets: Any, change: bool
    ) -> None:
        """Save the groups; raises LastOwner when that would leave nobody who may do everything."""
        super().save_related(request, form, formsets, change)
        if form.had_owner:  # type: ignore[attr-defined]
            roles.require_an_owner()

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask before somebody is deleted, or do it; the last owner stays."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except roles.LastOwner:
            return _refuse_last_owner(request)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete somebody; raises LastOwner when nobody would be left who may do everything."""
        had_owner = roles.lock_owners()
        super().delete_model(request, obj)
        if had_owner:
            roles.require_an_owner()

    @column("Roles")
    def role_names(self, person: User) -> str:
        """Return the groups that somebody is in."""
        names = ", ".join(sorted(group.name for group in person.groups.all()))
        return "Superuser" if person.is_superuser else names or columns.EMPTY


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, StaffAdmin[Group]):
    """The product's roles, which are as its table says, and groups of the park's own."""

    list_display = ("name", "meaning", "people")
    filter_horizontal = ()
    sortable_by = ("name",)
    list_before_template = "admin/auth/group/list_head.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Have at hand which groups are roles, and count the people."""
        return super().get_queryset(request).select_related("role").annotate(count=Count("user"))

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Refuse to change a role, or a group that gives more than its manager has."""
        return super().has_change_permission(request, obj) and _is_own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Refuse to delete a role, or a group that gives more than its manager has."""
        return super().has_delete_permission(request, obj) and _is_own(request, obj)

    def formfield_for_manytomany(  # type: ignore[override]  # Django always hands a request
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        """Offer the permissions that the manager has."""
        if db_field.name == "permissions":
            kwargs["widget"] = SearchableSelectMultiple
        field = super().formfield_for_manytomany(db_field, request=request, **kwargs)
        if field is not None and db_field.name == "permissions":
            _offer_rights(field, request)
        return field

    def get_urls(self) -> list[URLPattern]:
        """Add the page that shows who may do what."""
        page = path(
            "matrix/", self.admin_site.admin_view(self.matrix_view), name="auth_group_matrix"
        )
        return [page, *super().get_urls()]

    def matrix_view(self, request: HttpRequest) -> HttpResponse:
        """Show what each role may do."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Who may do what",
            "opts": self.opts,
            "roles": role_matrix.ROLES.items(),
            "areas": [
                (area, [(deed.what, _answers(deed)) for deed in deeds])
                for area, deeds in role_matrix.MATRIX.items()
            ],
        }
        return TemplateResponse(request, "admin/auth/group/matrix.html", context)

    @column("What for")
    def meaning(self, group: Group) -> str:
        """Return what a role is for."""
        role = getattr(group, "role", None)
        return role_matrix.ROLES.get(role.name, "") if role else "A group of your own"

    @column("People")
    def people(self, group: Group) -> int:
        """Return how many people are in it."""
        return int(group.count)  # type: ignore[attr-defined]


def _answers(deed: role_matrix.Deed) -> list[tuple[str, bool]]:
    return [(role, role_matrix.may(role, deed)) for role in role_matrix.ROLES]


def _manager(request: HttpRequest) -> User:
    return cast("User", request.user)


def _offer_rights(field: ModelMultipleChoiceField[Any], request: HttpRequest) -> None:
    """Offer the permissions that the manager has, in a field that searches as one types."""
    field.queryset = roles.rights_of(_manager(request)).select_related("content_type")
    field.help_text = "Begin to type to find one."
    # django-unfold puts its own classes in place of those that its script looks for.
    field.widget.attrs["class"] += " unfold-admin-autocomplete admin-autocomplete"


def _reaches(request: HttpRequest, person: User | None) -> bool:
    return person is None or roles.may_manage(manager=_manager(request), person=person)


def _is_own(request: HttpRequest, group: Group | None) -> bool:
    if group is None:
        return True
    within = roles.groups_within(_manager(request)).filter(role=None)
    return within.filter(pk=group.pk).exists()


def _refuse_last_owner(request: HttpRequest) -> HttpResponse:
    told = "Nothing was saved: this is the last owner. Make somebody else an owner first."
    messages.error(request, told)
    return HttpResponseRedirect(request.get_full_path())
