"""Django's and django-unfold's classes under the names type checkers know.

Django's stubs make classes generic that are not so when the program runs, and django-unfold ships
no types; its classes extend Django's.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.admin import BooleanFieldListFilter as BooleanRadioFilter
    from django.contrib.admin import ChoicesFieldListFilter as ChoicesDropdownFilter
    from django.contrib.admin import FieldListFilter as RangeDateFilter
    from django.contrib.admin import ModelAdmin, TabularInline
    from django.contrib.admin import RelatedFieldListFilter as RelatedDropdownFilter
    from django.contrib.admin import SimpleListFilter as DropdownFilter
    from django.contrib.admin.forms import AdminAuthenticationForm as AuthenticationForm
    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth.admin import GroupAdmin, UserAdmin
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
    from django.core.paginator import Paginator
    from django.forms import (
        BaseInlineFormSet,
        DateInput,
        ModelForm,
        PasswordInput,
        Select,
        Textarea,
        TextInput,
    )
    from django.forms import CheckboxInput as Switch
    from django.forms import CheckboxSelectMultiple as Checkboxes
    from django.forms import ClearableFileInput as FileInput
    from django.forms import RadioSelect as Radios
    from django.forms import Select as SearchableSelect
    from django.forms import SelectMultiple as SearchableSelectMultiple
    from django.forms import TextInput as ColorInput

    def parse_date_str(value: str) -> datetime.date | None: ...
else:
    from django import forms
    from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
    from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
    from django.core import paginator
    from unfold import admin as unfold_admin
    from unfold.contrib.filters.admin import (
        BooleanRadioFilter,
        ChoicesDropdownFilter,
        DropdownFilter,
        RangeDateFilter,
        RelatedDropdownFilter,
    )
    from unfold.forms import (
        AdminPasswordChangeForm,
        AuthenticationForm,
        PaginationInlineFormSet,
        UserChangeForm,
        UserCreationForm,
    )
    from unfold.utils import parse_date_str
    from unfold.views import ChangeList
    from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as Checkboxes
    from unfold.widgets import UnfoldAdminColorInputWidget as ColorInput
    from unfold.widgets import UnfoldAdminFileFieldWidget as FileInput
    from unfold.widgets import UnfoldAdminPasswordWidget as PasswordInput
    from unfold.widgets import UnfoldAdminRadioSelectWidget as Radios
    from unfold.widgets import UnfoldAdminSelect2MultipleWidget as SearchableSelectMultiple
    from unfold.widgets import UnfoldAdminSelect2Widget as SearchableSelect
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminSingleDateWidget as DateInput
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput
    from unfold.widgets import UnfoldBooleanSwitchWidget as Switch

    class Generic:
        """Takes the parameters that only a type checker reads."""

        def __class_getitem__(cls, parameters: object) -> type:
            return cls

    class ModelAdmin(Generic, unfold_admin.ModelAdmin):
        pass

    class TabularInline(Generic, unfold_admin.TabularInline):
        pass

    class GroupAdmin(Generic, DjangoGroupAdmin):
        pass

    class UserAdmin(Generic, DjangoUserAdmin):
        pass

    class Paginator(Generic, paginator.Paginator):
        pass

    class ModelForm(Generic, forms.ModelForm):
        pass

    class BaseInlineFormSet(Generic, PaginationInlineFormSet):
        pass


__all__ = [
    "AdminPasswordChangeForm",
    "AuthenticationForm",
    "BaseInlineFormSet",
    "BooleanRadioFilter",
    "ChangeList",
    "Checkboxes",
    "ChoicesDropdownFilter",
    "ColorInput",
    "DateInput",
    "DropdownFilter",
    "FileInput",
    "GroupAdmin",
    "ModelAdmin",
    "ModelForm",
    "Paginator",
    "PasswordInput",
    "Radios",
    "RangeDateFilter",
    "RelatedDropdownFilter",
    "SearchableSelect",
    "SearchableSelectMultiple",
    "Select",
    "Switch",
    "TabularInline",
    "TextInput",
    "Textarea",
    "UserAdmin",
    "UserChangeForm",
    "UserCreationForm",
    "parse_date_str",
]
