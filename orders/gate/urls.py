"""The addresses of the gate: its page, and its API."""

from django.urls import path

from orders.gate import page, views

urlpatterns = [
    path("gate", page.gate_page),
    path("gate/device", views.DeviceView.as_view()),
    path("gate/admissions", views.AdmissionCollectionView.as_view()),
    path("gate/admissions/<str:admission_id>", views.AdmissionView.as_view()),
]
