from django.urls import path

from signals.views import following, steering, writing

app_name = "signals"
urlpatterns = [
    path("signals/", writing.signal_list, name="list"),
    path("signals/new/", writing.new, name="new"),
    path("signals/paste/", writing.paste, name="paste"),
    path("signals/preview/", writing.preview, name="preview"),
    path("signals/<uuid:public_id>/", steering.detail, name="detail"),
    path("signals/<uuid:public_id>/copies/", steering.copies, name="copies"),
    path("signals/<uuid:public_id>/latency/", steering.latency, name="latency"),
    path("signals/<uuid:public_id>/amend/", writing.amend, name="amend"),
    path("signals/<uuid:public_id>/publish/", steering.publish, name="publish"),
    path("signals/<uuid:public_id>/unschedule/", steering.unschedule, name="unschedule"),
    path("signals/<uuid:public_id>/cancel/", steering.cancel_entries, name="cancel_entries"),
    path("signals/<uuid:public_id>/reduce/", steering.reduce, name="reduce"),
    path("signals/<uuid:public_id>/close/", steering.close, name="close"),
    path("signals/<uuid:public_id>/note/", steering.tell, name="tell"),
    path("signals/<uuid:public_id>/chain/", steering.chain, name="chain"),
    path("trades/", following.mine, name="mine"),
    path("trades/panic/", following.panic, name="panic"),
    path("trades/<uuid:public_id>/", following.trade, name="trade"),
    path("trades/<uuid:public_id>/close/", following.close_copy, name="close_copy"),
    path("trades/<uuid:public_id>/leave-out/", following.opt_out, name="opt_out"),
    path("connections/<uuid:public_id>/sizing/", following.sizing, name="sizing"),
    path("connections/<uuid:public_id>/pause/", following.pause, name="pause"),
    path("connections/<uuid:public_id>/resume/", following.resume, name="resume"),
    path("connections/<uuid:public_id>/part/", following.part, name="part"),
    path("connections/<uuid:public_id>/go-on/", following.release, name="release"),
]
