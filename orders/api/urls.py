"""The addresses of the native order API; literal paths stand before `{orderId}`."""

from django.urls import path

from orders.api import views
from orders.api.holds import ExtendHoldView, HoldCollectionView, HoldView
from orders.finance.api import views as reports

urlpatterns = [
    path("channelManager", views.OrderCollectionView.as_view()),
    path("channelManager/holds", HoldCollectionView.as_view()),
    path("channelManager/holds/<str:hold_id>", HoldView.as_view()),
    path("channelManager/holds/<str:hold_id>/extend", ExtendHoldView.as_view()),
    path("channelManager/reports/register", reports.RegisterView.as_view()),
    path("channelManager/reports/summary", reports.SummaryView.as_view()),
    path("channelManager/reports/open-items", reports.OpenItemsView.as_view()),
    path("channelManager/reports/issued-not-admitted", reports.NotAdmittedView.as_view()),
    path("channelManager/orders/<str:partner_id>", views.OrderListView.as_view()),
    path("channelManager/<str:order_id>/confirm", views.ConfirmOrderView.as_view()),
    path("channelManager/<str:order_id>", views.OrderView.as_view()),
]
