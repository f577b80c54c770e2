"""The product's roles: groups that a migration makes and that follow the table of permissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import connections, models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from channel_manager.history.models import Role
from channel_manager.history.role_matrix import OWNER, ROLES, permissions_of


class LastOwner(Exception):
    """Nobody would be left who may do everything."""


def follow_table(*, using: str = "default") -> None:
    """Give every role exactly the permissions that the table gives it.

    Groups that the park has made itself are left alone, whatever they are called. Called at the end
    of every `migrate`, when all permissions have their rows.
    """
    if Role._meta.db_table not in connections[using].introspection.table_names():
        return  # migrated back to where there were no roles
    with transaction.atomic(using=using):
        keys = _keys_of_permissions(using)
        for name in ROLES:
            group = _group_of(name, using)
            group.permissions.set(keys[each] for each in permissions_of(name) if each in keys)


def follow_after_migrate(sender: object, using: str, **sent: Any) -> None:
    """Follow the table once everything is migrated; Django calls it."""
    follow_table(using=using)


def group_of(role: str) -> Group:
    """Return the group of a role, such as owner."""
    return Role.objects.select_related("group").get(name=role).group


def rights_of(user: User) -> models.QuerySet[Permission]:
    """Return what somebody may do by permissions and groups, also while inactive."""
    if user.is_superuser:
        return Permission.objects.all()
    given = Q(pk__in=user.user_permissions.order_by().values("pk"))
    by_groups = Q(group__in=user.groups.order_by().values("pk"))
    return Permission.objects.filter(
        pk__in=Permission.objects.filter(given | by_groups).order_by().values("pk")
    )


def may_manage(*, manager: User, person: User) -> bool:
    """Tell whether somebody has all rights of a person, and so gains none by managing them."""
    if manager.is_superuser:
        return True
    if person.is_superuser:
        return False
    beyond = rights_of(person).exclude(pk__in=rights_of(manager).order_by().values("pk"))
    return not beyond.exists()


def groups_within(manager: User) -> models.QuerySet[Group]:
    """Return the groups that give no right which somebody lacks."""
    beyond = Permission.objects.exclude(pk__in=rights_of(manager).order_by().values("pk"))
    given = Group.permissions.through._default_manager.filter(
        permission__in=beyond.order_by().values("pk")
    )
    return Group.objects.exclude(pk__in=given.values("group"))


def lock_owners() -> bool:
    """Keep colleagues from taking the owner's role from anybody meanwhile; tell if there is an owner.

    To be called in a transaction, before people change.
    """
    list(Role.objects.select_for_update(no_key=True).filter(name=OWNER))
    return _owners().exists()


def require_an_owner() -> None:
    """Raise LastOwner where no active person has the owner's role."""
    if not _owners().exists():
        raise LastOwner


def _owners() -> models.QuerySet[User]:
    return User.objects.filter(is_active=True, is_staff=True, groups__role__name=OWNER).order_by()


def _group_of(role: str, using: str) -> Group:
    """Return the group of a role, made anew where there is none: its table was emptied."""
    found = Role.objects.using(using).select_related("group").filter(name=role).first()
    if found is not None:
        return found.group
    taken = Group.objects.using(using).filter(name=role).exists()
    group = Group.objects.using(using).create(name=f"{role} (role)" if taken else role)
    Role.objects.using(using).create(name=role, group=group)
    return group


def _keys_of_permissions(using: str) -> Mapping[str, int]:
    rows = Permission.objects.using(using).order_by()
    named = rows.annotate(
        name_in_full=Concat(F("content_type__app_label"), Value("."), F("codename"))
    )
    return dict(named.values_list("name_in_full", "pk"))
